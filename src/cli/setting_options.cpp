#include "cli/setting_options.hpp"

#include <array>

namespace servicekit::cli {
namespace {

constexpr std::array options{
    SettingOption{"name", "NAME", "what the service is called; its files are named after it"},
    SettingOption{"run-directory", "DIR", "the folder of the pidfile and the control socket"},
    SettingOption{"pid-file", "FILE", "the pidfile, which is also the lock"},
    SettingOption{"control-socket", "FILE", "the socket that takes requests"},
    SettingOption{"config", "FILE", "a JSON file with settings"},
    SettingOption{"log-file", "FILE", "where log lines go"},
    SettingOption{"log-level", "LEVEL", "trace, debug, info, warning, error or fatal"},
    SettingOption{"user", "USER", "the user to become, by name or number"},
    SettingOption{"group", "GROUP", "the group to become a member of"},
    SettingOption{"umask", "OCTAL", "permissions that new files do not get"},
    SettingOption{"working-directory", "DIR", "where the service works in the background"},
    SettingOption{"start-timeout", "SECONDS", "how long starting may take"},
    SettingOption{"stop-timeout", "SECONDS", "how long stopping may take"},
    SettingOption{"no-signal-handlers", "", "leave every signal to the program"},
    SettingOption{"no-control-server", "", "open no control socket"},
};

}  // namespace

std::span<const SettingOption> setting_options() noexcept { return options; }

}  // namespace servicekit::cli
