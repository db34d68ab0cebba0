#include "cli/setting_options.hpp"

#include <array>

namespace servicekit::cli {
namespace {

constexpr std::array options{
    SettingOption{"name", "NAME", "what the service is called; its files are named after it"},
    SettingOption{"run-directory", "DIR", "the directory of the pidfile and the control socket"},
    SettingOption{"pid-file", "FILE", "the pidfile, which is also the lock"},
    SettingOption{"control-socket", "FILE", "the socket that takes requests"},
    SettingOption{"control-mode", "OCTAL", "the socket's permissions"},
    SettingOption{"control-owner", "USER", "whom the socket belongs to"},
    SettingOption{"control-group", "GROUP", "the group that the socket belongs to"},
    SettingOption{"control-read", "PEERS", "who may see how it is: user:NAME,group:NAME,socket-group,everyone"},
    SettingOption{"control-operate", "PEERS", "who may also reload it and ask for its own events"},
    SettingOption{"control-admin", "PEERS", "who may also stop it"},
    SettingOption{"config", "FILE", "a JSON file with settings"},
    SettingOption{"log-file", "FILE", "where log lines go"},
    SettingOption{"log-level", "LEVEL", "trace, debug, info, warning, error or fatal"},
    SettingOption{"log-format", "FORMAT", "text or json"},
    SettingOption{"log-source", "", "log lines tell the program's file and line, too"},
    SettingOption{"no-log-copy", "", "in the foreground, no log lines on the terminal"},
    SettingOption{"log-delay", "SECONDS", "how long lines below a warning may wait; 0: each is written at once"},
    SettingOption{"log-mode", "OCTAL", "permissions of the log's files"},
    SettingOption{"log-group", "GROUP", "the group that the log's files belong to"},
    SettingOption{"log-rotate-size", "BYTES", "when to begin a new file, as 64M; 0: never"},
    SettingOption{"log-rotate-every", "TIME", "the same: seconds, hourly, daily or weekly; 0: never"},
    SettingOption{"log-keep", "N", "number of rotated files to keep; 0: all"},
    SettingOption{"log-keep-size", "BYTES", "bytes of rotated files to keep; 0: all"},
    SettingOption{"log-compress", "", "compress rotated files with gzip"},
    SettingOption{"log-command", "COMMAND", "the program that takes the lines, for services that pipe them"},
    SettingOption{"stdin", "WHERE", "where stdin leads: null, inherit, or a file"},
    SettingOption{"stdout", "WHERE", "where stdout leads: log, null, inherit, or a file"},
    SettingOption{"stderr", "WHERE", "the same for stderr"},
    SettingOption{"no-crash-reports", "", "leave signals that end the service by a fault alone"},
    SettingOption{"crash-directory", "DIR", "where crash reports lie; beside the log file unless given"},
    SettingOption{"crash-keep", "N", "how many crash reports of earlier lives are kept"},
    SettingOption{"user", "USER", "the user to become, by name or number"},
    SettingOption{"group", "GROUP", "the group to become a member of"},
    SettingOption{"umask", "OCTAL",
                  "permissions that new files do not get; in the foreground the caller's, unless given"},
    SettingOption{"working-directory", "DIR",
                  "where the service works; in the foreground where it was started, unless given"},
    SettingOption{"no-new-privileges", "", "no program that it runs gains privileges"},
    SettingOption{"limit-core", "BYTES", "the greatest core file, or 'unlimited'"},
    SettingOption{"limit-open-files", "N", "how many files it may have open"},
    SettingOption{"writable", "PATHS", "all that it may write, with colons between"},
    SettingOption{"start-timeout", "SECONDS", "how long starting may take"},
    SettingOption{"stop-timeout", "SECONDS", "how long stopping may take"},
    SettingOption{"extended-timeout", "SECONDS", "how long starting or stopping may take while it reports progress"},
    SettingOption{"hang-timeout", "SECONDS", "after how long without progress an event counts as hung"},
    SettingOption{"ready-fd", "N", "the descriptor that gets a newline when the service is ready"},
    SettingOption{"no-signal-handlers", "", "leave every signal to the program"},
    SettingOption{"no-control-server", "", "open no control socket"},
};

}  // namespace

std::span<const SettingOption> setting_options() noexcept { return options; }

}  // namespace servicekit::cli
