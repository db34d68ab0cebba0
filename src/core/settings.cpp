#include "servicekit/core/settings.hpp"

#include <algorithm>
#include <chrono>

#include "base/names.hpp"
#include "core/setting_kind.hpp"
#include "core/setting_table.hpp"

namespace servicekit {
namespace {

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

const SettingRow& require_setting(std::string_view name, SettingScope scope = SettingScope::with_standby) {
    if (const SettingRow* row = find_setting(name, scope)) return *row;
    throw ConfigurationError{"there is no setting '" + std::string{name} + "'" +
                             did_you_mean(name, setting_names(scope))};
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
    Object& built_in = layers_[index_of(SettingsLayer::built_in)];
    for (const SettingRow& row : setting_table(SettingScope::with_standby))
        if (!row.otherwise.value.empty())
            built_in.append(std::string{row.name}, checked(row.kind, value_from_text(row.kind, row.otherwise.value)));
}

bool Settings::is_set(std::string_view name) const { return layer_of(name) != SettingsLayer::built_in; }

Settings::Found Settings::find(std::string_view name) const {
    for (std::size_t i = layers_.size(); i-- > 0;)
        if (const Value* const value = layers_[i].find(name)) return {static_cast<SettingsLayer>(i), value};
    require_setting(name);
    return {SettingsLayer::built_in, nullptr};
}

SettingsLayer Settings::layer_of(std::string_view name) const { return find(name).layer; }

const Value& Settings::value(std::string_view name) const {
    static const Value none;
    const Value* const found = find(name).value;
    return found != nullptr ? *found : none;
}

AppConfiguration Settings::app() const {
    return AppConfiguration{app_.is_null() ? nullptr : &app_, "/app", config_path_};
}

AppConfiguration Settings::app() {
    return AppConfiguration{app_.is_null() ? nullptr : &app_, "/app", config_path_, &app_notes_};
}

void Settings::set_value(std::string_view name, Value value, SettingsLayer layer) {
    const SettingRow& row =
        require_setting(name, has_cluster_ ? SettingScope::with_standby : SettingScope::every_service);
    try {
        layers_[index_of(layer)].set(row.name, checked(row.kind, std::move(value)));
    } catch (const TypeError& error) {
        throw ConfigurationError{"'" + std::string{name} + "' " + origin(layer) + ": " + error.what()};
    }
}

}  // namespace servicekit
