#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/core/config_schema.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {

/// Settings whose layers can be filled. A reload works on a copy, which takes effect if it succeeds.
class LayeredSettings final : public Settings {
public:
    /// The value of an environment variable; nothing if it is not set.
    using Variables = std::function<std::optional<std::string>(const std::string& name)>;

    /// A load for a client goes on in spite of some faults, which tolerated() names.
    void set_client(bool is_client) noexcept { is_client_ = app_notes_.tolerates = is_client; }
    [[nodiscard]] const std::vector<std::string>& tolerated() const noexcept { return app_notes_.tolerated; }
    void tolerate(std::string fault) { app_notes_.tolerated.push_back(std::move(fault)); }

    /// Sets a value by name in a layer. \throws ConfigurationError for an unknown name, a wrong type or value.
    void set_value(std::string_view name, Value value, SettingsLayer layer) {
        Settings::set_value(name, std::move(value), layer);
    }
    /// The same from text, as the command line and the environment give it.
    void set_text(std::string_view name, std::string_view text, SettingsLayer layer);
    /// Makes the config file's text its layer, in place of what was there.
    /// \param path for messages. \throws ConfigurationError, and then nothing has changed. For a client it goes on with the
    ///        keys that are right, unless a wrong one may say where the service is.
    /// \param variables gives the values for `${NAME}` in the texts under `app`; null: they stay as they are
    void read_config(std::string_view text, const std::string& path, const Variables& variables = nullptr);
    /// Lays another file over it: its settings are added or replaced, and objects under `app` are merged.
    void add_config(std::string_view text, const std::string& path, const Variables& variables = nullptr);
    void clear_layer(SettingsLayer layer);
    /// What one layer says of a setting; null if it says nothing.
    [[nodiscard]] const Value* value_in(SettingsLayer layer, std::string_view name) const;
    /// From here on set() fills this layer.
    void fill(SettingsLayer layer) noexcept { filling_ = layer; }

    /// Sets a key of the program's own, over what the config file says. \throws ConfigurationError for a value that it can't
    /// have
    void set_app(const ConfigKey& key, Value value, SettingsLayer layer);
    /// The same from text, as the command line and the environment give it.
    void set_app_text(const ConfigKey& key, std::string_view text, SettingsLayer layer);
    /// Where the value of a key comes from; `built_in` is its default.
    [[nodiscard]] SettingsLayer app_layer_of(const ConfigKey& key) const;

    /// What stands under `app`, with what was set over it; null where nothing does.
    [[nodiscard]] const Value& app_value() const noexcept { return app_; }
    /// The fault of a key under `app` as an error that names the config file.
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
