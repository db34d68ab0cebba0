#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "servicekit/base/json.hpp"
#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit {

/// Where a setting's value came from; later ones win.
enum class SettingsLayer { built_in, program, config_file, on_load, environment, command_line, forced };

[[nodiscard]] std::string_view to_string(SettingsLayer layer) noexcept;

/// One of the settings that every service has, with the type of its value.
/// Its name is the command line's option without the dashes, and the key in the config file.
template <class T>
struct Setting {
    std::string_view name;
};

/// The settings that every service has; docs/reference/settings.md says what each is for, its default, and whether a
/// reload changes it. Octal numbers, limits ("unlimited") and streams are given as they stand in a config file.
namespace setting {
inline constexpr Setting<std::string> name{"name"};
inline constexpr Setting<std::string> run_directory{"run-directory"};
inline constexpr Setting<std::string> pid_file{"pid-file"};
inline constexpr Setting<std::string> control_socket{"control-socket"};
inline constexpr Setting<std::string> control_mode{"control-mode"};
inline constexpr Setting<std::string> control_owner{"control-owner"};
inline constexpr Setting<std::string> control_group{"control-group"};
inline constexpr Setting<std::vector<std::string>> control_read{"control-read"};
inline constexpr Setting<std::vector<std::string>> control_operate{"control-operate"};
inline constexpr Setting<std::vector<std::string>> control_admin{"control-admin"};
inline constexpr Setting<std::string> config{"config"};
inline constexpr Setting<std::string> log_file{"log-file"};
inline constexpr Setting<LogLevel> log_level{"log-level"};
inline constexpr Setting<std::string> log_format{"log-format"};
inline constexpr Setting<bool> log_source{"log-source"};
inline constexpr Setting<bool> no_log_copy{"no-log-copy"};
inline constexpr Setting<std::chrono::milliseconds> log_delay{"log-delay"};
inline constexpr Setting<std::string> log_mode{"log-mode"};
inline constexpr Setting<std::string> log_group{"log-group"};
inline constexpr Setting<std::uint64_t> log_rotate_size{"log-rotate-size"};
inline constexpr Setting<std::uint64_t> log_rotate_every{"log-rotate-every"};
inline constexpr Setting<std::uint64_t> log_keep{"log-keep"};
inline constexpr Setting<std::uint64_t> log_keep_size{"log-keep-size"};
inline constexpr Setting<bool> log_compress{"log-compress"};
inline constexpr Setting<std::vector<std::string>> log_command{"log-command"};
inline constexpr Setting<Value> standard_input{"stdin"};
inline constexpr Setting<Value> standard_output{"stdout"};
inline constexpr Setting<Value> standard_error{"stderr"};
inline constexpr Setting<bool> no_crash_reports{"no-crash-reports"};
inline constexpr Setting<std::string> crash_directory{"crash-directory"};
inline constexpr Setting<std::uint64_t> crash_keep{"crash-keep"};
inline constexpr Setting<std::string> user{"user"};
inline constexpr Setting<std::string> group{"group"};
inline constexpr Setting<std::string> umask{"umask"};
inline constexpr Setting<std::string> working_directory{"working-directory"};
inline constexpr Setting<bool> no_new_privileges{"no-new-privileges"};
inline constexpr Setting<std::string> limit_core{"limit-core"};
inline constexpr Setting<std::string> limit_open_files{"limit-open-files"};
inline constexpr Setting<std::vector<std::string>> writable{"writable"};
inline constexpr Setting<std::chrono::milliseconds> start_timeout{"start-timeout"};
inline constexpr Setting<std::chrono::milliseconds> stop_timeout{"stop-timeout"};
inline constexpr Setting<std::chrono::milliseconds> extended_timeout{"extended-timeout"};
inline constexpr Setting<std::chrono::milliseconds> hang_timeout{"hang-timeout"};
inline constexpr Setting<int> ready_fd{"ready-fd"};
inline constexpr Setting<bool> no_signal_handlers{"no-signal-handlers"};
inline constexpr Setting<bool> no_control_server{"no-control-server"};
}  // namespace setting

/// Thrown for configuration that can't be used; ends a start with exit code 78.
class ConfigurationError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The part of the configuration that is the program's own: `app` in the config file.
/// A view: valid as long as the Settings it came from.
class AppConfiguration {
public:
    /// What a load for a client went on in spite of.
    struct Notes {
        bool tolerates = false;  ///< wrong values of keys that have a fallback
        std::vector<std::string> tolerated = {};
    };

    /// \param notes of the settings; null if they are not to be changed
    AppConfiguration(const Value* value, std::string path, std::string file, Notes* notes = nullptr)
        : value_{value}, path_{std::move(path)}, file_{std::move(file)}, notes_{notes} {}

    /// The value of `key`. \throws ConfigurationError naming the key's path ("/app/port"), where it is missing or no T
    template <class T>
    [[nodiscard]] T get(std::string_view key) const {
        return read<T>(require(key), key);
    }
    /// The same, with what to use if the key is missing. A client gets it for a value of the wrong type, too: a verb such as
    /// `stop` warns of that and goes on.
    template <class T>
    [[nodiscard]] T get(std::string_view key, T fallback) const {
        const Value* value = find(key);
        if (value == nullptr) return fallback;
        try {
            return read<T>(*value, key);
        } catch (const ConfigurationError& error) {
            if (notes_ == nullptr || !notes_->tolerates) throw;
            notes_->tolerated.emplace_back(error.what());
            return fallback;
        }
    }
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    /// The object under `key`; an empty one where there is none. \throws ConfigurationError where it is no object
    [[nodiscard]] AppConfiguration section(std::string_view key) const;

private:
    template <class T>
    [[nodiscard]] T read(const Value& value, std::string_view key) const {
        try {
            return value.as<T>();
        } catch (const TypeError& error) {
            refuse(key, error);
        }
    }
    [[nodiscard]] const Value* find(std::string_view key) const;
    [[nodiscard]] const Value& require(std::string_view key) const;
    [[noreturn]] void refuse(std::string_view key, const TypeError& error) const;

    const Value* value_;  ///< null: nothing was configured
    std::string path_;    ///< JSON pointer of this section
    std::string file_;
    Notes* notes_;
};

/// All settings of a service, each with the layer that it came from. A value type.
class Settings {
public:
    Settings();

    /// The value in force; empty or false where the setting has none.
    template <class T>
    [[nodiscard]] T get(Setting<T> setting) const;
    /// The same by name, as JSON; null if the setting has no value. \throws ConfigurationError for an unknown name
    [[nodiscard]] const Value& value(std::string_view name) const;
    /// Whether anybody set it: a built-in default does not count. \throws ConfigurationError for an unknown name
    [[nodiscard]] bool is_set(std::string_view name) const;
    /// Where the value in force came from; `built_in` too where there is none.
    [[nodiscard]] SettingsLayer layer_of(std::string_view name) const;

    /// Sets a value in the layer that is being filled: `on_load` while the load event runs, `program` before.
    /// \throws ConfigurationError for a value that can't be: a name with a slash, a negative time
    template <class T>
    void set(Setting<T> setting, std::type_identity_t<T> value) {
        set_value(setting.name, to_value(value), filling_);
    }
    /// The same, above all layers, the command line included.
    template <class T>
    void force(Setting<T> setting, std::type_identity_t<T> value) {
        set_value(setting.name, to_value(value), SettingsLayer::forced);
    }

    /// The program's own part of the config file.
    [[nodiscard]] AppConfiguration app() const;
    [[nodiscard]] AppConfiguration app();

    /// Whether this load is for a verb that only talks to a running service (stop, status...): the load event may then
    /// skip what only a service needs.
    [[nodiscard]] bool is_client() const noexcept { return is_client_; }

private:
    friend class LayeredSettings;

    void set_value(std::string_view name, Value value, SettingsLayer layer);
    template <class T>
    [[nodiscard]] static Value to_value(const T& value);
    [[nodiscard]] static std::chrono::milliseconds to_time(const Value& seconds);

    std::array<Object, 7> layers_;  ///< what each SettingsLayer says
    struct AppOverride {
        std::vector<std::string> path;
        Value value;
        SettingsLayer layer;
    };
    Value app_;       ///< what the file says, with the overrides
    Value file_app_;  ///< what the file says
    std::vector<AppOverride> app_overrides_;
    std::vector<std::pair<std::string, Value>> app_files_;  ///< what each config file has under `app`, by its path
    AppConfiguration::Notes app_notes_;
    std::string config_path_;
    SettingsLayer filling_ = SettingsLayer::program;
    bool is_client_ = false;
};

template <class T>
Value Settings::to_value(const T& value) {
    if constexpr (std::is_same_v<T, LogLevel>) {
        return Value{to_string(value)};
    } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
        return Value{static_cast<double>(value.count()) / 1000.0};
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        return Value{Value::List(value.begin(), value.end())};
    } else {
        return Value{value};
    }
}

template <class T>
T Settings::get(Setting<T> setting) const {
    const Value& found = value(setting.name);
    if constexpr (std::is_same_v<T, Value>) {
        return found;
    } else if constexpr (std::is_same_v<T, LogLevel>) {
        return log_level_from(found.as_string()).value();
    } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
        return to_time(found);
    } else {
        return found.is_null() ? T{} : found.as<T>();
    }
}

}  // namespace servicekit
