#include "cli/client_load.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "cli/known_place.hpp"
#include "cli/settings_layers.hpp"
#include "core/configuration.hpp"
#include "core/paths.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::seconds longest_confirmation{2};

bool is_about_the_place(const Error& fault, std::string_view program) {
    for (const std::string_view setting : {setting::name.name, setting::run_directory.name, setting::pid_file.name,
                                           setting::control_socket.name, setting::config.name})
        if (fault.object == environment_variable(program, setting)) return true;
    return false;
}

const Object* object_member(const Object& object, std::string_view key) {
    const Value* value = object.find(key);
    return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
}

}  // namespace

bool is_same_config(const std::string& one, const std::string& other, os::Files& files) {
    if (one == other) return true;
    if (one.empty() || other.empty()) return false;
    const auto first = files.status(one, os::Links::follow);
    const auto second = files.status(other, os::Links::follow);
    return first && second && *first && *second && (*first)->is_same_file(**second);
}

ClientSettings load_client_settings(Session& session, const std::vector<std::pair<std::string, std::string>>& given) {
    ClientSettings loaded;
    LayeredSettings& settings = session.core.configuration().to_fill();
    const std::string program = program_name(session);
    const os::Environment& environment = *session.tools.host.environment;
    settings.set_client(true);
    auto in_environment = apply_environment(settings, own_schema(session), program, environment);
    for (const Error& fault : apply_command_line(settings, own_schema(session), given)) {
        loaded.refusal = fault;
        return loaded;
    }
    const KnownPlace known = session.known_place ? *session.known_place : known_place(session, given);
    const bool has_record = known.source == KnownPlace::Source::record;
    ClientLoad load;
    if (known.source == KnownPlace::Source::nothing && session.loads_nothing) {
        loaded.refusal = place_is_unknown(Error{ExitCode::configuration, "tell", "", "nothing was loaded"});
        return loaded;
    }
    if (known.source == KnownPlace::Source::nothing) {
        load = session.core.load_as_client();
    } else if (auto read = session.core.configuration().read(); !read) {
        load.config_fault = read.error();
    }
    if (has_record) {
        apply_record(*known.record, settings);
        session.recorded = known.record->paths;
    }

    std::optional<Error> unknown = load.config_fault;
    for (Error& fault : in_environment) {
        if (!unknown && is_about_the_place(fault, program)) unknown = fault;
        loaded.warnings.push_back(std::move(fault));
    }
    for (Error& doubtful : doubtful_variables(program, {own_schema(session), setting_scope(session)}, environment))
        loaded.warnings.push_back(std::move(doubtful));
    // Without the config file of the start, required keys are missing. The verb does not need them.
    const bool has_config_file = !session.service.settings().get(setting::config).empty();
    for (const std::string& tolerated : session.core.configuration().settings().tolerated())
        if (has_config_file)
            loaded.warnings.push_back({ExitCode::configuration, "use the configuration", "", tolerated});
    if (load.event_fault) loaded.warnings.push_back(*load.event_fault);
    if (!has_record) loaded.config_fault = load.config_fault;

    const Settings& loaded_settings = session.service.settings();
    if (unknown && !has_record && !is_place_named(session, loaded_settings, SettingsLayer::environment)) {
        loaded.refusal = place_is_unknown(*unknown);
        return loaded;
    }
    if (load.config_fault) loaded.warnings.push_back(*load.config_fault);
    const LayeredSettings& now = session.core.configuration().settings();
    const bool is_chosen_in_spite = !has_record && !now.tolerated().empty() &&
                                    (now.layer_of(setting::run_directory.name) == SettingsLayer::on_load ||
                                     now.layer_of(setting::pid_file.name) == SettingsLayer::on_load);
    if (load.event_fault && !is_place_named(session, loaded_settings, SettingsLayer::program))
        loaded.doubt = load.event_fault;
    else if (is_chosen_in_spite && !is_place_named(session, loaded_settings, SettingsLayer::environment))
        loaded.doubt = Error{ExitCode::configuration, "use the configuration", "", now.tolerated().front()};
    return loaded;
}

Error place_is_unknown(const Error& why) {
    return {ExitCode::configuration, "find the service", "",
            why.message() + "; --run-directory and --name, or --pid-file and --control-socket, name its place"};
}

bool confirms(Session& session, const Instance& instance) {
    auto client = connect_to(session, instance);
    if (!client) return false;
    const auto reply = client->call("settings", {}, {.timeout = longest_confirmation});
    const Object* settings = reply ? object_member(*reply, "settings") : nullptr;
    const Object* config = settings != nullptr ? object_member(*settings, setting::config.name) : nullptr;
    const Object* directory = settings != nullptr ? object_member(*settings, setting::run_directory.name) : nullptr;
    const Object* pid_file = settings != nullptr ? object_member(*settings, setting::pid_file.name) : nullptr;
    if (config == nullptr || directory == nullptr || pid_file == nullptr) return false;
    for (const Object* row : {directory, pid_file}) {
        const std::string origin = row->get<std::string>("origin", {});
        // If on_load chose the place then, it could have chosen it here. The same config file would have given the same
        // place.
        const bool is_chosen =
            origin == to_string(SettingsLayer::on_load) || origin == to_string(SettingsLayer::forced);
        if (is_chosen && session.service.settings().layer_of(setting::run_directory.name) != SettingsLayer::on_load)
            return false;
    }
    const auto ours = absolute_path(session.service.settings().get(setting::config), session.tools.host);
    return ours && is_same_config(*ours, config->get<std::string>("value", {}), *session.tools.host.files);
}

}  // namespace servicekit::cli
