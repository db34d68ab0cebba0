#include "core/start_record.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/rfc3339.hpp"
#include "core/environment_variables.hpp"
#include "core/object_path.hpp"
#include "core/settings_in_force.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

constexpr int record_format = 1;

/// The settings by which a command line or an environment names a place. All except the name are paths.
constexpr std::array place_settings{setting::name, setting::run_directory, setting::pid_file, setting::control_socket};

bool is_place_path(std::string_view name) { return name != setting::name.name; }

/// Settings that on_load() may set and that a verb needs in addition to the place.
constexpr std::array needed_settings{setting::stop_timeout.name, setting::extended_timeout.name, setting::user.name};

/// Returns the value from the command line, or otherwise from the environment.
const Value* given_value(const LayeredSettings& settings, std::string_view name) {
    for (const auto layer : {SettingsLayer::command_line, SettingsLayer::environment})
        if (const Value* value = settings.value_in(layer, name)) return value;
    return nullptr;
}

std::string given_text(const LayeredSettings& settings, std::string_view name) {
    const Value* const value = given_value(settings, name);
    return value != nullptr && value->is_string() ? value->as_string() : std::string{};
}

bool is_set_by_load(const LayeredSettings& settings, std::string_view name) {
    const SettingsLayer layer = settings.layer_of(name);
    return layer == SettingsLayer::on_load || layer == SettingsLayer::forced;
}

/// Returns true for a relative path that was not given by the command line or the environment. It depends on the
/// directory in which the program was started.
bool is_relative_path(const LayeredSettings& settings, std::string_view name) {
    const SettingsLayer layer = settings.layer_of(name);
    if (layer == SettingsLayer::command_line || layer == SettingsLayer::environment) return false;
    const Value& value = settings.value(name);
    return value.is_string() && !value.as_string().empty() && value.as_string().front() != '/';
}

void add_own_keys(StartNaming& naming, const LayeredSettings& settings, const ConfigSchema& own) {
    const Value shown = app_in_words(settings.app_value(), &own);
    for (const ConfigKey& key : own.keys()) {
        if (!key.options.decides_place || key.options.secret) continue;
        const SettingsLayer layer = settings.app_layer_of(key);
        if (layer != SettingsLayer::environment && layer != SettingsLayer::command_line) continue;
        const Value& value = key.value_in(shown);
        // The value is hidden because the key looks like a secret.
        if (!(value == key.value_in(settings.app_value())) && value == Value{"***"}) continue;
        naming.app.append(key.pointer(), value);
        naming.is_from_environment = naming.is_from_environment || layer == SettingsLayer::environment;
    }
}

using PathMember = std::pair<std::string_view, std::string Paths::*>;
constexpr std::array path_members{PathMember{setting::name.name, &Paths::name},
                                  PathMember{setting::run_directory.name, &Paths::run_directory},
                                  PathMember{setting::pid_file.name, &Paths::pid_file},
                                  PathMember{setting::control_socket.name, &Paths::control_socket},
                                  PathMember{setting::log_file.name, &Paths::log_file},
                                  PathMember{setting::crash_directory.name, &Paths::crash_directory}};

Object object_at(const Object& object, std::string_view key) {
    const Value* const value = object.find(key);
    return value != nullptr && value->is_object() ? value->as_object() : Object{};
}

}  // namespace

Result<StartNaming> start_naming(const LayeredSettings& settings, const ConfigSchema* own, const std::string& service,
                                 const os::Host& host) {
    auto program = host.process->program();
    if (!program) return program.error();
    StartNaming naming{.service = service, .program = *std::move(program)};
    std::string config = given_text(settings, setting::config.name);
    if (config.empty())
        if (const Value* value = settings.value_in(SettingsLayer::program, setting::config.name))
            config = value->as_string();
    auto whole = absolute_path(std::move(config), host);
    if (!whole) return whole.error();
    naming.config = *std::move(whole);
    for (const auto& place : place_settings) {
        std::string text = given_text(settings, place.name);
        if (text.empty()) continue;
        if (is_place_path(place.name)) {
            auto path = absolute_path(std::move(text), host);
            if (!path) return path.error();
            text = *std::move(path);
        }
        naming.arguments.append(std::string{place.name}, std::move(text));
    }
    naming.user = given_text(settings, setting::user.name);
    if (own != nullptr) add_own_keys(naming, settings, *own);
    naming.has_undeclared_variable = has_undeclared_variable(service, own, settings.scope(), *host.environment);
    return naming;
}

Result<StartRecord> make_start_record(const LayeredSettings& settings, const ConfigSchema* own,
                                      const std::string& service, const Paths& paths, const os::Host& host) {
    auto naming = start_naming(settings, own, service, host);
    if (!naming) return naming.error();
    StartRecord record{.naming = *std::move(naming), .paths = paths};
    append_rfc3339(record.started, host.clock->system_now(), TimePrecision::microseconds);
    bool is_relative = false;
    for (const auto& place : place_settings) {
        record.is_computed = record.is_computed || is_set_by_load(settings, place.name);
        is_relative = is_relative || (is_place_path(place.name) && is_relative_path(settings, place.name));
    }
    if (is_relative) {
        auto here = host.process->current_directory();
        if (!here) return here.error();
        record.directory = *std::move(here);
    }
    const bool is_named = settings.is_set(setting::run_directory.name) || settings.is_set(setting::pid_file.name) ||
                          settings.is_set(setting::control_socket.name);
    record.paths.choice = is_named ? Paths::Choice::configured : Paths::Choice::standard;
    for (const std::string_view name : needed_settings)
        if (is_set_by_load(settings, name)) record.settings.append(std::string{name}, settings.value(name));
    return record;
}

bool is_meant(const StartRecord& record, const StartNaming& given, const os::Host& host) {
    const StartNaming& known = record.naming;
    if (known.service != given.service || known.program != given.program || known.config != given.config) return false;
    if (!(known.arguments == given.arguments) || !(known.app == given.app)) return false;
    if (known.has_undeclared_variable || given.has_undeclared_variable) return false;
    if (known.user != given.user && (!given.user.empty() || record.is_computed)) return false;
    if (record.directory.empty()) return true;
    const auto here = host.process->current_directory();
    return here && *here == record.directory;
}

void apply_record(const StartRecord& record, LayeredSettings& settings) {
    const Paths& paths = record.paths;
    // Values that the load event forces, and later changes of the config file, do not move a running service.
    constexpr auto place = SettingsLayer::forced;
    settings.set_value(setting::name.name, paths.name, place);
    if (paths.choice == Paths::Choice::configured) {
        settings.set_value(setting::run_directory.name, paths.run_directory, place);
        settings.set_value(setting::pid_file.name, paths.pid_file, place);
        settings.set_value(setting::control_socket.name, paths.control_socket, place);
    }
    constexpr auto rest = SettingsLayer::on_load;
    if (!paths.log_file.empty()) settings.set_value(setting::log_file.name, paths.log_file, rest);
    if (!paths.crash_directory.empty()) settings.set_value(setting::crash_directory.name, paths.crash_directory, rest);
    for (const auto& [name, value] : record.settings)
        if (std::find(needed_settings.begin(), needed_settings.end(), name) != needed_settings.end())
            settings.set_value(name, value, rest);
}

std::string to_text(const StartRecord& record) {
    Object place;
    for (const auto& [name, member] : path_members) place.append(std::string{name}, record.paths.*member);
    const StartNaming& naming = record.naming;
    const Object whole{{"format", record_format},
                       {"service", naming.service},
                       {"program", naming.program},
                       {"config", naming.config},
                       {"arguments", naming.arguments},
                       {"user", naming.user},
                       {"app", naming.app},
                       {"has-undeclared-variable", naming.has_undeclared_variable},
                       {"started", record.started},
                       {"place", std::move(place)},
                       {"is-configured", record.paths.choice == Paths::Choice::configured},
                       {"is-computed", record.is_computed},
                       {"directory", record.directory},
                       {"settings", record.settings},
                       {"starts", record.starts},
                       {"unclean-ends", record.unclean_ends}};
    return to_pretty_json(Value{whole}) + "\n";
}

std::optional<StartRecord> parse_start_record(std::string_view text) {
    auto parsed = parse_json(text);
    const auto* const root = std::get_if<Value>(&parsed);
    if (root == nullptr || !root->is_object()) return std::nullopt;
    const Object& whole = root->as_object();
    try {
        if (whole.get<int>("format") != record_format) return std::nullopt;
        StartRecord record;
        record.naming = {.service = whole.get<std::string>("service"),
                         .program = whole.get<std::string>("program"),
                         .config = whole.get<std::string>("config"),
                         .arguments = object_at(whole, "arguments"),
                         .user = whole.get<std::string>("user"),
                         .app = object_at(whole, "app"),
                         .has_undeclared_variable = whole.get<bool>("has-undeclared-variable")};
        record.started = whole.get<std::string>("started");
        const Object place = object_at(whole, "place");
        for (const auto& [name, member] : path_members) record.paths.*member = place.get<std::string>(name);
        record.paths.choice = whole.get<bool>("is-configured") ? Paths::Choice::configured : Paths::Choice::standard;
        record.is_computed = whole.get<bool>("is-computed");
        record.directory = whole.get<std::string>("directory");
        record.settings = object_at(whole, "settings");
        // Earlier versions did not count.
        record.starts = whole.get<std::uint64_t>("starts", 1);
        record.unclean_ends = whole.get<std::uint64_t>("unclean-ends", 0);
        for (const std::string* path :
             {&record.paths.pid_file, &record.paths.control_socket, &record.paths.run_directory})
            if (path->empty() || path->front() != '/') return std::nullopt;
        return record;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace servicekit
