#include "core/layered_settings.hpp"

#include <cstddef>
#include <utility>

#include "base/json_pointer.hpp"
#include "base/names.hpp"
#include "core/setting_kind.hpp"
#include "core/setting_table.hpp"

namespace servicekit {
namespace {

/// Why a key can't be one of a config file.
std::string refusal_of_key(std::string_view key) {
    if (key == setting::config.name) return "a config file can't name another";
    auto known = setting_names();
    known.emplace_back("app");
    return "unknown key" + did_you_mean(key, known);
}

/// Whether the key, or the one that is meant, says where a service is.
bool is_about_the_place(std::string_view key) {
    if (find_setting(key) == nullptr) {
        const auto known = setting_names();
        key = nearest_name(key, known);
    }
    return key == setting::name.name || key == setting::run_directory.name || key == setting::pid_file.name ||
           key == setting::control_socket.name;
}

}  // namespace

void LayeredSettings::set_text(std::string_view name, std::string_view text, SettingsLayer layer) {
    const SettingRow* row = find_setting(name);
    set_value(name, row != nullptr ? value_from_text(row->kind, text) : Value{}, layer);
}

void LayeredSettings::read_config(std::string_view text, const std::string& path) {
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
            const SettingRow* row = find_setting(key);
            if (key == "app")
                app = value.as_object();
            else if (row == nullptr || row->name == setting::config.name)
                fault(key, refusal_of_key(key));
            else
                settings.append(key, checked(row->kind, value));
        } catch (const TypeError& error) {
            fault(key, error.what());
        }
    }
    layers_[static_cast<std::size_t>(SettingsLayer::config_file)] = std::move(settings);
    app_ = std::move(app);
    config_path_ = path;
}

void LayeredSettings::clear_layer(SettingsLayer layer) {
    layers_[static_cast<std::size_t>(layer)] = {};
    if (layer == SettingsLayer::config_file) app_ = {};
}

}  // namespace servicekit
