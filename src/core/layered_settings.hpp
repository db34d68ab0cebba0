#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/setting_table.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {

/// Settings whose layers can be filled. A reload works on a copy, which takes effect if it succeeds.
class LayeredSettings final : public Settings {
public:
    /// The value of an environment variable; nothing if it is not set.
    using Variables = std::function<std::optional<std::string>(const std::string& name)>;

    /// Sets if the load is for a client. Such a load continues in spite of some faults, which tolerated() lists.
    void set_client(bool is_client) noexcept { is_client_ = app_notes_.tolerates = is_client; }
    [[nodiscard]] const std::vector<std::string>& tolerated() const noexcept { return app_notes_.tolerated; }
    void tolerate(std::string fault) { app_notes_.tolerated.push_back(std::move(fault)); }

    /// Sets which settings there are. At first those of every service.
    void set_scope(SettingScope scope) noexcept { has_cluster_ = scope == SettingScope::with_standby; }
    [[nodiscard]] SettingScope scope() const noexcept {
        return has_cluster_ ? SettingScope::with_standby : SettingScope::every_service;
    }

    /// Sets a value by name in a layer. \throws ConfigurationError for an unknown name, a wrong type or value
    void set_value(std::string_view name, Value value, SettingsLayer layer) {
        Settings::set_value(name, std::move(value), layer);
    }
    /// Does the same from text, in the form of the command line and the environment.
    void set_text(std::string_view name, std::string_view text, SettingsLayer layer);
    /// Parses the config file's text into its layer and replaces what was there.
    /// \param path for messages
    /// \param variables gives the values for `${NAME}` in the texts under `app`; null: they are kept
    /// \throws ConfigurationError, and then nothing has changed. For a client it keeps the valid keys instead, unless
    ///         an invalid one may determine the place of the service.
    void read_config(std::string_view text, const std::string& path, const Variables& variables = nullptr);
    /// Adds another file: its settings are added or replaced, and objects under `app` are merged.
    void add_config(std::string_view text, const std::string& path, const Variables& variables = nullptr);
    void clear_layer(SettingsLayer layer);
    /// Returns the value of a setting in one layer; null if the layer has none.
    [[nodiscard]] const Value* value_in(SettingsLayer layer, std::string_view name) const;
    /// Makes set() fill this layer.
    void fill(SettingsLayer layer) noexcept { filling_ = layer; }

    /// Sets a key of the program's own, which overrides the config file. \throws ConfigurationError for an invalid
    /// value
    void set_app(const ConfigKey& key, Value value, SettingsLayer layer);
    /// Does the same from text, in the form of the command line and the environment.
    void set_app_text(const ConfigKey& key, std::string_view text, SettingsLayer layer);
    /// Returns the layer of a key's value; `built_in` for its default.
    [[nodiscard]] SettingsLayer app_layer_of(const ConfigKey& key) const;

    /// Returns the value of `app`, with what overrides it; null if there is none.
    [[nodiscard]] const Value& app_value() const noexcept { return app_; }
    /// Returns the fault of a key under `app` as an error that names the config file.
    [[nodiscard]] ConfigurationError app_fault(const InvalidKey& fault) const;

private:
    struct Contents {
        Object settings;
        Value app;
    };
    [[nodiscard]] Contents parse_config(std::string_view text, const std::string& path, const Variables& variables);
    void override_app();
};

}  // namespace servicekit
