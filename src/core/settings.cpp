#include "servicekit/core/settings.hpp"

#include <algorithm>
#include <chrono>

#include "base/json_pointer.hpp"
#include "base/names.hpp"
#include "core/setting_kind.hpp"

namespace servicekit {
namespace {

struct Definition {
    std::string_view name;
    SettingKind kind;
    bool needs_restart = true;
};

/// In the order of the help text.
constexpr std::array<Definition, 46> definitions{{
    {setting::name.name, SettingKind::name},
    {setting::run_directory.name, SettingKind::path},
    {setting::pid_file.name, SettingKind::path},
    {setting::control_socket.name, SettingKind::path},
    {setting::control_mode.name, SettingKind::file_mask},
    {setting::control_owner.name, SettingKind::account},
    {setting::control_group.name, SettingKind::account},
    {setting::control_read.name, SettingKind::peers},
    {setting::control_operate.name, SettingKind::peers},
    {setting::control_admin.name, SettingKind::peers},
    {setting::config.name, SettingKind::path},
    {setting::log_file.name, SettingKind::path},
    {setting::log_level.name, SettingKind::log_level, false},
    {setting::log_format.name, SettingKind::line_format},
    {setting::log_source.name, SettingKind::flag},
    {setting::no_log_copy.name, SettingKind::flag},
    {setting::log_delay.name, SettingKind::seconds},
    {setting::log_mode.name, SettingKind::file_mask},
    {setting::log_group.name, SettingKind::account},
    {setting::log_rotate_size.name, SettingKind::size},
    {setting::log_rotate_every.name, SettingKind::period},
    {setting::log_keep.name, SettingKind::count},
    {setting::log_keep_size.name, SettingKind::size},
    {setting::log_compress.name, SettingKind::flag},
    {setting::log_command.name, SettingKind::words},
    {setting::standard_input.name, SettingKind::stream},
    {setting::standard_output.name, SettingKind::stream},
    {setting::standard_error.name, SettingKind::stream},
    {setting::no_crash_reports.name, SettingKind::flag},
    {setting::crash_directory.name, SettingKind::path},
    {setting::crash_keep.name, SettingKind::count},
    {setting::user.name, SettingKind::account},
    {setting::group.name, SettingKind::account},
    {setting::umask.name, SettingKind::file_mask},
    {setting::working_directory.name, SettingKind::path},
    {setting::no_new_privileges.name, SettingKind::flag},
    {setting::limit_core.name, SettingKind::limit},
    {setting::limit_open_files.name, SettingKind::limit},
    {setting::writable.name, SettingKind::paths},
    {setting::start_timeout.name, SettingKind::seconds},
    {setting::stop_timeout.name, SettingKind::seconds, false},
    {setting::extended_timeout.name, SettingKind::seconds},
    {setting::hang_timeout.name, SettingKind::seconds, false},
    {setting::ready_fd.name, SettingKind::descriptor},
    {setting::no_signal_handlers.name, SettingKind::flag},
    {setting::no_control_server.name, SettingKind::flag},
}};

constexpr std::size_t index_of(SettingsLayer layer) noexcept { return static_cast<std::size_t>(layer); }

std::string origin(SettingsLayer layer) {
    switch (layer) {
        case SettingsLayer::built_in:
        case SettingsLayer::program:
            return "set by the program";
        case SettingsLayer::config_file:
            return "in the config file";
        case SettingsLayer::on_load:
            return "set by on_load";
        case SettingsLayer::environment:
            return "from the environment";
        case SettingsLayer::command_line:
            return "from the command line";
        case SettingsLayer::forced:
            break;
    }
    return "forced by on_load";
}

const Definition* find_definition(std::string_view name) noexcept {
    const auto* const found = std::find_if(definitions.begin(), definitions.end(),
                                           [name](const Definition& definition) { return definition.name == name; });
    return found != definitions.end() ? found : nullptr;
}

const Definition& require_definition(std::string_view name) {
    if (const Definition* definition = find_definition(name)) return *definition;
    throw ConfigurationError{"there is no setting '" + std::string{name} + "'" + did_you_mean(name, Settings::names())};
}

/// Why a key can't be one of a config file.
std::string refusal_of_key(std::string_view key) {
    if (key == setting::config.name) return "a config file can't name another";
    auto known = Settings::names();
    known.emplace_back("app");
    return "unknown key" + did_you_mean(key, known);
}

/// Whether the key, or the one that is meant, says where a service is.
bool is_about_the_place(std::string_view key) {
    if (find_definition(key) == nullptr) {
        const auto known = Settings::names();
        key = nearest_name(key, known);
    }
    return key == setting::name.name || key == setting::run_directory.name || key == setting::pid_file.name ||
           key == setting::control_socket.name;
}

}  // namespace

std::string_view to_string(SettingsLayer layer) noexcept {
    constexpr std::array<std::string_view, 7> names{"built-in",    "program",      "config-file", "on-load",
                                                    "environment", "command-line", "forced"};
    return names[index_of(layer)];
}

std::chrono::milliseconds Settings::to_time(const Value& seconds) {
    return std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>{seconds.as_number()});
}

Settings::Settings() {
    layers_[index_of(SettingsLayer::built_in)] = {
        {setting::log_level.name.data(), "info"},        {setting::umask.name.data(), "022"},
        {setting::working_directory.name.data(), "/"},   {setting::start_timeout.name.data(), 90},
        {setting::stop_timeout.name.data(), 8},          {setting::extended_timeout.name.data(), 900},
        {setting::hang_timeout.name.data(), 300},        {setting::no_signal_handlers.name.data(), false},
        {setting::no_control_server.name.data(), false}, {setting::no_new_privileges.name.data(), false},
        {setting::no_crash_reports.name.data(), false},  {setting::crash_keep.name.data(), 5}};
}

bool Settings::is_set(std::string_view name) const { return layer_of(name) != SettingsLayer::built_in; }

SettingsLayer Settings::layer_of(std::string_view name) const {
    require_definition(name);
    for (std::size_t i = layers_.size(); i-- > 0;)
        if (layers_[i].contains(name)) return static_cast<SettingsLayer>(i);
    return SettingsLayer::built_in;
}

const Value& Settings::value(std::string_view name) const {
    static const Value none;
    const Value* found = layers_[index_of(layer_of(name))].find(name);
    return found != nullptr ? *found : none;
}

AppConfiguration Settings::app() const {
    return AppConfiguration{app_.is_null() ? nullptr : &app_, "/app", config_path_};
}

AppConfiguration Settings::app() {
    return AppConfiguration{app_.is_null() ? nullptr : &app_, "/app", config_path_, &app_notes_};
}

void Settings::set_value(std::string_view name, Value value, SettingsLayer layer) {
    const Definition& definition = require_definition(name);
    try {
        layers_[index_of(layer)].set(definition.name, checked(definition.kind, std::move(value)));
    } catch (const TypeError& error) {
        throw ConfigurationError{"'" + std::string{name} + "' " + origin(layer) + ": " + error.what()};
    }
}

void Settings::set_text(std::string_view name, std::string_view text, SettingsLayer layer) {
    set_value(name, value_from_text(require_definition(name).kind, text), layer);
}

std::optional<std::string> Settings::to_text(std::string_view name, const Value& value) {
    return text_from_value(require_definition(name).kind, value);
}

void Settings::read_config(std::string_view text, const std::string& path) {
    const auto parsed = parse_json(text);
    if (const auto* error = std::get_if<JsonError>(&parsed))
        throw ConfigurationError{path + ":" + std::to_string(error->line) + ":" + std::to_string(error->column) + ": " +
                                 error->reason};
    const Value& root = std::get<Value>(parsed);
    if (!root.is_object())
        throw ConfigurationError{path + ": expected an object, found " + std::string{root.type_name()}};

    Object settings;
    Value app;
    const auto fault = [&](const std::string& key, const std::string& reason) {
        std::string message = path + ": " + pointer_token(key) + ": " + reason;
        if (!is_client_ || is_about_the_place(key)) throw ConfigurationError{message};
        app_notes_.tolerated.push_back(std::move(message));
    };
    for (const auto& [key, value] : root.as_object()) {
        try {
            const Definition* definition = find_definition(key);
            if (key == "app")
                app = value.as_object();
            else if (definition == nullptr || definition->name == setting::config.name)
                fault(key, refusal_of_key(key));
            else
                settings.append(key, checked(definition->kind, value));
        } catch (const TypeError& error) {
            fault(key, error.what());
        }
    }
    layers_[index_of(SettingsLayer::config_file)] = std::move(settings);
    app_ = std::move(app);
    config_path_ = path;
}

void Settings::clear_layer(SettingsLayer layer) {
    layers_[index_of(layer)] = {};
    if (layer == SettingsLayer::config_file) app_ = {};
}

std::vector<std::string_view> Settings::names() {
    std::vector<std::string_view> names;
    names.reserve(definitions.size());
    for (const Definition& definition : definitions) names.push_back(definition.name);
    return names;
}

bool Settings::needs_restart(std::string_view name) { return require_definition(name).needs_restart; }

}  // namespace servicekit
