#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/text.hpp"
#include "cli/unit_file.hpp"
#include "cli/verb_functions.hpp"
#include "core/places.hpp"
#include "servicekit/contract/daemon.hpp"

namespace servicekit::cli {
namespace {

constexpr std::string_view run_folder = "/run/";
constexpr std::string_view logs_folder = "/var/log/";

/// What only the unit's environment will say, so that it is not what this shell's says.
Result<Places> places_in_unit(const Session& session) {
    Settings settings = session.service.settings();
    if (!settings.is_set(setting::run_directory.name))
        settings.set(setting::run_directory, std::string{run_folder} + settings.get(setting::name));
    return resolve_places(settings, session.tools.host);
}

bool is_path(std::string_view setting) {
    return setting == setting::run_directory.name || setting == setting::pid_file.name ||
           setting == setting::control_socket.name || setting == setting::config.name ||
           setting == setting::log_file.name || setting == setting::crash_directory.name;
}

/// What the unit says in lines of its own.
bool has_own_line(std::string_view setting) {
    return setting == setting::user.name || setting == setting::group.name || setting == setting::umask.name ||
           setting == setting::working_directory.name;
}

Result<std::string> absolute(std::string path, const os::Host& host) {
    if (path.starts_with('/')) return path;
    auto here = host.process->current_directory();
    if (!here) return here.error();
    return (*here == "/" ? "/" : *here + "/") + path;
}

/// The options that give a service of the unit what this command line and this environment say; all else it finds out
/// by itself. A config file that main() names relative to this folder is not found from another.
Result<std::vector<std::string>> options_in_force(const Session& session) {
    const Settings& settings = session.service.settings();
    std::vector<std::string> options;
    for (const std::string_view name : Settings::names()) {
        const SettingsLayer layer = settings.layer_of(name);
        if (settings.value(name).is_null()) continue;
        std::string text = plain_text(settings.value(name));
        const bool is_ours = layer == SettingsLayer::environment || layer == SettingsLayer::command_line;
        const bool is_relative_config = name == setting::config.name && text.front() != '/';
        if (has_own_line(name) || (!is_ours && !is_relative_config)) continue;
        if (settings.value(name).is_bool()) {
            if (settings.value(name).as_bool()) options.push_back("--" + std::string{name});
            continue;
        }
        if (is_path(name)) {
            auto whole = absolute(std::move(text), session.tools.host);
            if (!whole) return whole.error();
            text = *std::move(whole);
        }
        options.push_back("--" + std::string{name} + "=" + text);
    }
    return options;
}

/// The folder as a name below a base that systemd has for them; nothing where it can't be one.
std::optional<std::string> name_below(std::string_view base, const std::string& folder) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    if (!folder.starts_with(base)) return std::nullopt;
    std::string name = folder.substr(base.size());
    if (name.empty() || name.find_first_not_of(plain) != std::string::npos) return std::nullopt;
    return name;
}

/// Where the service writes, beside the folders that the unit makes.
void add_folders(ServiceUnit& unit, const Places& places) {
    const auto add = [&unit](const std::string& folder) {
        if (std::find(unit.writable_folders.begin(), unit.writable_folders.end(), folder) ==
            unit.writable_folders.end())
            unit.writable_folders.push_back(folder);
    };
    const std::string& run = places.run_directory;
    if (auto name = name_below(run_folder, run); name && !run.starts_with("/run/user/"))
        unit.runtime_directory = *std::move(name);
    else
        add(run);
    for (const std::string& file : {places.pid_file, places.control_socket})
        if (!file.starts_with(run + "/")) add(folder_of(file));
    const std::string logs = places.log_file.empty() ? std::string{} : folder_of(places.log_file);
    if (auto name = name_below(logs_folder, logs))
        unit.logs_directory = *std::move(name);
    else if (!logs.empty())
        add(logs);
    if (places.crash_directory != run && places.crash_directory != logs) add(places.crash_directory);
}

std::string text_if_set(const Settings& settings, Setting<std::string> setting) {
    return settings.is_set(setting.name) ? settings.get(setting) : std::string{};
}

Result<ServiceUnit> service_unit(const Session& session, const Places& places) {
    const Settings& settings = session.service.settings();
    const os::Host& host = session.tools.host;
    auto program = host.process->program();
    if (!program) return program.error();
    auto options = options_in_force(session);
    if (!options) return options.error();

    ServiceUnit unit{.name = places.name,
                     .description = session.service.options().description,
                     .program = *std::move(program),
                     .options = *std::move(options),
                     .has_control = !settings.get(setting::no_control_server),
                     .has_signals = !settings.get(setting::no_signal_handlers),
                     .user = text_if_set(settings, setting::user),
                     .group = text_if_set(settings, setting::group),
                     .file_mask = text_if_set(settings, setting::umask),
                     .start_timeout = settings.get(setting::start_timeout),
                     .stop_timeout = settings.get(setting::stop_timeout)};
    if (session.service.policies().daemon.notifies_manager())
        unit.type = session.invocation.notify_reload ? ServiceUnit::Type::notify_reload : ServiceUnit::Type::notify;
    if (const std::string given = text_if_set(settings, setting::working_directory); !given.empty()) {
        auto whole = absolute(given, host);
        if (!whole) return whole.error();
        unit.working_directory = *std::move(whole);
        unit.paths.push_back(unit.working_directory);
    }
    if (const std::string config = settings.get(setting::config); !config.empty()) {
        auto whole = absolute(config, host);
        if (!whole) return whole.error();
        unit.paths.push_back(*std::move(whole));
    }
    add_folders(unit, places);
    return unit;
}

}  // namespace

int unit(Session& session) {
    Console& console = session.console;
    if (const int code = fill_settings(session); code != 0) return code;
    if (const auto loaded = session.service.load(); !loaded) return console.fail(loaded.error());
    if (session.invocation.notify_reload && !session.service.policies().daemon.notifies_manager())
        return console.fail(Error{ExitCode::usage, "write a unit of Type=notify-reload", "",
                                  "this service does not tell systemd when it reloads"});
    const auto places = places_in_unit(session);
    if (!places) return console.fail(places.error());
    if (session.invocation.socket) {
        const Settings& settings = session.service.settings();
        console.print(to_text(SocketUnit{.name = places->name,
                                         .description = session.service.options().description,
                                         .control_socket = places->control_socket,
                                         .user = text_if_set(settings, setting::user),
                                         .group = text_if_set(settings, setting::group)}));
        return 0;
    }
    const auto made = service_unit(session, *places);
    if (!made) return console.fail(made.error());
    console.print(to_text(*made));
    return 0;
}

}  // namespace servicekit::cli
