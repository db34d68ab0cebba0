#include "cli/known_place.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "cli/session.hpp"
#include "cli/settings_layers.hpp"
#include "core/configuration.hpp"
#include "core/paths.hpp"
#include "core/start_records.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::cli {
namespace {

/// Returns true if the directory contains files of another service, or cannot be read.
bool has_others(const std::string& directory, const std::string& name, os::Files& files) {
    const auto listed = files.list(directory);
    if (!listed) return listed.error().errno_value != ENOENT;
    return std::any_of(listed->begin(), listed->end(), [&name](const std::string& file) {
        return (file.ends_with(".pid") || file.ends_with(".control")) && file != name + ".pid" &&
               file != name + ".control";
    });
}

bool is_given(const Settings& settings, std::string_view setting) {
    return settings.is_set(setting) && settings.layer_of(setting) >= SettingsLayer::environment;
}

/// Returns true if the given settings are enough for the verb.
bool is_enough_given(const Session& session, const Settings& settings) {
    if (!is_place_named(session, settings, SettingsLayer::environment)) return false;
    if (session.invocation.verb == Verb::logs) return is_given(settings, setting::log_file.name);
    if (session.invocation.verb == Verb::crashes)
        return is_given(settings, setting::crash_directory.name) && is_given(settings, setting::name.name);
    return true;
}

bool is_running(Session& session, const Settings& settings, const StartRecord& record) {
    LockPolicy& lock = session.core.policies().lock;
    const auto deployment = make_deployment(settings, record.paths, session.tools.host);
    if (!deployment) return false;
    lock.configure(*deployment);
    const auto owner = lock.owner();
    return owner && *owner && (*owner)->is_instance;
}

/// Returns the one that is running, or else the one that was started last. \returns nothing if the choice is ambiguous
std::optional<StartRecord> choose(Session& session, const Settings& settings, std::vector<StartRecord> records) {
    if (records.empty()) return std::nullopt;
    if (records.size() == 1) return std::move(records.front());
    if (!session.core.policies().lock.tells_owner()) return std::nullopt;
    const auto runs = [&](const StartRecord& record) { return is_running(session, settings, record); };
    const auto running = std::count_if(records.begin(), records.end(), runs);
    if (running > 1) return std::nullopt;
    if (running == 0) return std::move(records.front());
    return std::move(*std::find_if(records.begin(), records.end(), runs));
}

}  // namespace

bool is_place_named(const Session& session, const Settings& settings, SettingsLayer lowest) {
    const auto is_named = [&](std::string_view setting) {
        return settings.is_set(setting) && settings.layer_of(setting) >= lowest;
    };
    if (is_named(setting::pid_file.name) && is_named(setting::control_socket.name)) return true;
    if (!is_named(setting::run_directory.name)) return false;
    if (is_named(setting::name.name)) return true;
    const auto paths = resolve_paths(settings, session.tools.host);
    return paths && !has_others(paths->run_directory, paths->name, *session.tools.host.files);
}

KnownPlace known_place(Session& session, const std::vector<std::pair<std::string, std::string>>& given) {
    LayeredSettings settings = session.core.configuration().to_fill();
    const ConfigSchema* const own = own_schema(session);
    const os::Host& host = session.tools.host;
    const auto faults = apply_environment(settings, own, program_name(session), *host.environment);
    // The verb fails anyway.
    if (!apply_command_line(settings, own, given).empty()) return {.source = KnownPlace::Source::given};

    const auto naming = start_naming(settings, own, program_name(session), host);
    // An invalid value may have been meant for another instance.
    if (naming && faults.empty()) {
        auto records = find_start_records(*naming, host);
        if (auto record = choose(session, settings, std::move(records)))
            return {.source = KnownPlace::Source::record, .record = std::move(record)};
    }
    if (is_enough_given(session, settings)) return {.source = KnownPlace::Source::given};
    return {};
}

}  // namespace servicekit::cli
