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

/// The source of a setting's value. A later source overrides an earlier one.
enum class SettingsLayer { built_in, program, config_file, on_load, environment, command_line, forced };

/// The name of the layer: "config file".
[[nodiscard]] std::string_view to_string(SettingsLayer layer) noexcept;

/// One of the settings that every service has, with the type of its value. The name is the option on the command line
/// without the dashes, and the key in the config file.
template <class T>
struct Setting {
    std::string_view name;  ///< "log-file"
};

/// The settings that every service has, and those of services whose lock has a second level.
/// docs/reference/settings.md lists the values that each takes, and whether a reload changes it. Octal numbers, limits
/// ("unlimited") and streams have the same form as in a config file.
namespace setting {
/// Name of the service and of its files. Default: the name that the program gives.
inline constexpr Setting<std::string> name{"name"};
/// Directory of the pidfile and the control socket. Default: /run for root, $XDG_RUNTIME_DIR for other users.
inline constexpr Setting<std::string> run_directory{"run-directory"};
/// The pidfile, which is also the lock. Default: NAME.pid in the run directory.
inline constexpr Setting<std::string> pid_file{"pid-file"};
/// The socket that takes requests. Default: NAME.control in the run directory.
inline constexpr Setting<std::string> control_socket{"control-socket"};
/// Permissions of the socket. Default: "0600". Widen them to let other users connect; roles decide what they may do.
inline constexpr Setting<std::string> control_mode{"control-mode"};
/// Owner of the socket. Default: the user of the service.
inline constexpr Setting<std::string> control_owner{"control-owner"};
/// Group of the socket. Default: the group of the service.
inline constexpr Setting<std::string> control_group{"control-group"};
/// Clients that may ask for the status. Default: the group of the socket.
inline constexpr Setting<std::vector<std::string>> control_read{"control-read"};
/// Clients that may also reload the service and call its own events. Default: none.
inline constexpr Setting<std::vector<std::string>> control_operate{"control-operate"};
/// Clients that may also stop the service. Default: none. Its user, root and the socket's owner always may.
inline constexpr Setting<std::vector<std::string>> control_admin{"control-admin"};
/// A JSON file with settings. Default: none.
inline constexpr Setting<std::string> config{"config"};
/// File for the log. Default: none; in the foreground, lines go to stderr.
inline constexpr Setting<std::string> log_file{"log-file"};
/// Lowest level that is logged. Default: info. Lower it to debug or trace to look for a fault.
inline constexpr Setting<LogLevel> log_level{"log-level"};
/// "text" or "json". Default: that of the log policy. Set "json" for programs that collect logs.
inline constexpr Setting<std::string> log_format{"log-format"};
/// Adds the source file and line to each log line. Default: false.
inline constexpr Setting<bool> log_source{"log-source"};
/// Stops copying log lines to the terminal in the foreground. Default: false.
inline constexpr Setting<bool> no_log_copy{"no-log-copy"};
/// Longest delay of lines below a warning. Default: 200 ms. Set 0 to write each line at once, at the cost of speed.
inline constexpr Setting<std::chrono::milliseconds> log_delay{"log-delay"};
/// Permissions of the log files. Default: "0640".
inline constexpr Setting<std::string> log_mode{"log-mode"};
/// Group of the log files. Default: the group of the file or of its directory. Set it to let a group read the log.
inline constexpr Setting<std::string> log_group{"log-group"};
/// Size in bytes at which the log is rotated. Default: 0, never.
inline constexpr Setting<std::uint64_t> log_rotate_size{"log-rotate-size"};
/// Period in seconds after which the log is rotated. Default: 0, never.
inline constexpr Setting<std::uint64_t> log_rotate_every{"log-rotate-every"};
/// Number of rotated files to keep. Default: 0, all.
inline constexpr Setting<std::uint64_t> log_keep{"log-keep"};
/// Total bytes of rotated files to keep. Default: 0, all.
inline constexpr Setting<std::uint64_t> log_keep_size{"log-keep-size"};
/// Compresses rotated files with gzip. Default: false.
inline constexpr Setting<bool> log_compress{"log-compress"};
/// Program that takes the log lines of a PipeLog, and its arguments. Default: none.
inline constexpr Setting<std::vector<std::string>> log_command{"log-command"};
/// Source of stdin: "null", "inherit" or a file. Default: "null" in the background, otherwise "inherit".
inline constexpr Setting<Value> standard_input{"stdin"};
/// Destination of stdout: "log", "null", "inherit" or a file. Default: "log" in the background, otherwise "inherit".
inline constexpr Setting<Value> standard_output{"stdout"};
/// Destination of stderr, like that of stdout.
inline constexpr Setting<Value> standard_error{"stderr"};
/// Leaves the signals of crashes (SIGSEGV and others) unhandled. Default: false. Set it if another library handles
/// them.
inline constexpr Setting<bool> no_crash_reports{"no-crash-reports"};
/// Directory of crash reports. Default: that of the log file, otherwise the run directory.
inline constexpr Setting<std::string> crash_directory{"crash-directory"};
/// Number of crash reports to keep. Default: 5.
inline constexpr Setting<std::uint64_t> crash_keep{"crash-keep"};
/// User to become, by name or number. Default: none. Set it for a service that root starts.
inline constexpr Setting<std::string> user{"user"};
/// Group to change to, by name or number. Default: the groups of the user.
inline constexpr Setting<std::string> group{"group"};
/// File mode creation mask. Default: "022"; in the foreground, the caller's mask unless it is set.
inline constexpr Setting<std::string> umask{"umask"};
/// Directory to change to. Default: "/"; in the foreground, the caller's directory unless it is set.
inline constexpr Setting<std::string> working_directory{"working-directory"};
/// Denies additional privileges to programs that the service runs. Default: false.
inline constexpr Setting<bool> no_new_privileges{"no-new-privileges"};
/// Largest core file in bytes, or "unlimited". Default: the caller's limit.
inline constexpr Setting<std::string> limit_core{"limit-core"};
/// Number of files that may be open, or "unlimited". Default: the caller's limit. Raise it for many connections.
inline constexpr Setting<std::string> limit_open_files{"limit-open-files"};
/// The only paths that the service may write, besides its own files. Default: empty, which means no restriction.
inline constexpr Setting<std::vector<std::string>> writable{"writable"};
/// How long a start may take. Default: 90 s.
inline constexpr Setting<std::chrono::milliseconds> start_timeout{"start-timeout"};
/// How long a stop may take before the process is killed. Default: 8 s. Raise it if on_stop() needs longer.
inline constexpr Setting<std::chrono::milliseconds> stop_timeout{"stop-timeout"};
/// How long a start or a stop may take in total while it reports progress. Default: 15 minutes.
inline constexpr Setting<std::chrono::milliseconds> extended_timeout{"extended-timeout"};
/// How long an event may run without progress before it counts as hung. Default: 5 minutes; 0 means no limit.
inline constexpr Setting<std::chrono::milliseconds> hang_timeout{"hang-timeout"};
/// Descriptor that gets a newline when the service is ready. Default: none. Set it for supervisors such as s6.
inline constexpr Setting<int> ready_fd{"ready-fd"};
/// A file for the metrics, for the textfile collector of node_exporter; its name ends in `.prom`. Default: none.
inline constexpr Setting<std::string> metrics_file{"metrics-file"};
/// How often the metrics file is written. Default: 15 s.
inline constexpr Setting<std::chrono::milliseconds> metrics_interval{"metrics-interval"};
/// URLs of the servers that keep the second level of the lock. Default: set by the lock policy.
inline constexpr Setting<std::vector<std::string>> cluster_endpoints{"cluster-endpoints"};
/// What the names of the keys on these servers begin with. Default: set by the lock policy.
inline constexpr Setting<std::string> cluster_prefix{"cluster-prefix"};
/// How long an instance may be silent before another one replaces it. Default: 10 s.
inline constexpr Setting<std::chrono::milliseconds> cluster_ttl{"cluster-ttl"};
/// PEM file of the authorities that the certificates of the servers name. Default: those of the system.
inline constexpr Setting<std::string> cluster_ca{"cluster-ca"};
/// PEM file of the client's certificate. Default: none.
inline constexpr Setting<std::string> cluster_cert{"cluster-cert"};
/// PEM file of the key of that certificate. Default: none.
inline constexpr Setting<std::string> cluster_key{"cluster-key"};
/// User that the servers know. Default: none.
inline constexpr Setting<std::string> cluster_user{"cluster-user"};
/// A file with the password of that user. Default: none.
inline constexpr Setting<std::string> cluster_password_file{"cluster-password-file"};
/// What a start does if no server answers: "wait" or "required". Default: "wait". A start fails with "required".
inline constexpr Setting<std::string> cluster_at_start{"cluster-at-start"};
/// When the service is ready: in "standby", or when it is "active". Default: "standby".
inline constexpr Setting<std::string> ready_when{"ready-when"};
/// What follows the loss of the second level: "exit" or "standby". Default: "exit", with exit code 75.
inline constexpr Setting<std::string> after_loss{"after-loss"};
/// How long on_stop() may take on such a loss. Default: a third of cluster-ttl.
inline constexpr Setting<std::chrono::milliseconds> loss_stop_timeout{"loss-stop-timeout"};
/// Leaves every signal to the application. Default: false.
inline constexpr Setting<bool> no_signal_handlers{"no-signal-handlers"};
/// Opens no control socket. Default: false.
inline constexpr Setting<bool> no_control_server{"no-control-server"};
}  // namespace setting

/// Thrown for an invalid configuration. It ends a start with exit code 78.
class ConfigurationError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The application's own part of the configuration: `app` in the config file. A view: valid as long as the Settings
/// that it is from.
class AppConfiguration {
public:
    /// \param value an object, which outlives this; null if nothing is configured
    /// \param path JSON pointer of the object \param file that it is from; both for messages
    AppConfiguration(const Value* value, std::string path, std::string file)
        : AppConfiguration{value, std::move(path), std::move(file), nullptr} {}

    /// Returns the value of `key`. \throws ConfigurationError with the path of the key ("/app/port") if it is missing
    /// or is not a T
    template <class T>
    [[nodiscard]] T get(std::string_view key) const {
        return read<T>(require(key), key);
    }
    /// Returns `fallback` if the key is missing. For a client, such as the verb `stop`, it also replaces a value of the
    /// wrong type; the verb then prints a warning and continues.
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
    /// \returns true if the configuration has the key, whatever its value.
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    /// Returns the object under `key`, or an empty one if the key is missing. \throws ConfigurationError if the value
    /// is not an object
    [[nodiscard]] AppConfiguration section(std::string_view key) const;

private:
    friend class Settings;
    /// The faults that a load for a client has ignored.
    struct Notes {
        bool tolerates = false;                   ///< ignore wrong values of keys that have a fallback
        std::vector<std::string> tolerated = {};  ///< a message for each ignored fault
    };

    /// \param notes the notes of the settings; null if they must not change
    AppConfiguration(const Value* value, std::string path, std::string file, Notes* notes)
        : value_{value}, path_{std::move(path)}, file_{std::move(file)}, notes_{notes} {}

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

    const Value* value_;  ///< null if nothing is configured
    std::string path_;    ///< JSON pointer of this section
    std::string file_;
    Notes* notes_;
};

/// All settings of a service, each with the source of its value. A value type.
class Settings {
public:
    Settings();

    /// Returns the value in force; an empty or false value if the setting has none.
    template <class T>
    [[nodiscard]] T get(Setting<T> setting) const;
    /// Returns the value by name, as JSON; null if the setting has no value. \throws ConfigurationError for an unknown
    /// name
    [[nodiscard]] const Value& value(std::string_view name) const;
    /// \returns true if the setting has a value other than its built-in default. \throws ConfigurationError for an
    ///          unknown name
    [[nodiscard]] bool is_set(std::string_view name) const;
    /// Returns the source of the value in force. Without a value it is `built_in`.
    [[nodiscard]] SettingsLayer layer_of(std::string_view name) const;

    /// Sets a value in the layer that is being filled: `on_load` while the load event runs, `program` before.
    /// \throws ConfigurationError for an invalid value, such as a name with a slash or a negative time
    template <class T>
    void set(Setting<T> setting, std::type_identity_t<T> value) {
        set_value(setting.name, to_value(value), filling_);
    }
    /// Sets a value that overrides all layers, including the command line.
    template <class T>
    void force(Setting<T> setting, std::type_identity_t<T> value) {
        set_value(setting.name, to_value(value), SettingsLayer::forced);
    }

    /// The application's own part of the configuration.
    [[nodiscard]] AppConfiguration app() const;
    /// Does the same, and notes the faults that a load for a client ignores.
    [[nodiscard]] AppConfiguration app();

    /// \returns true if this load is for a verb that only talks to a running service (stop, status...). The load event
    ///          may then skip what only a service needs.
    [[nodiscard]] bool is_client() const noexcept { return is_client_; }

private:
    friend class LayeredSettings;

    struct Found {
        SettingsLayer layer;  ///< the layer of the value; without a value it is `built_in`
        const Value* value;   ///< null if there is none
    };
    /// Returns the value in force. \throws ConfigurationError for an unknown name
    [[nodiscard]] Found find(std::string_view name) const;
    void set_value(std::string_view name, Value value, SettingsLayer layer);
    template <class T>
    [[nodiscard]] static Value to_value(const T& value);
    [[nodiscard]] static std::chrono::milliseconds to_time(const Value& seconds);

    std::array<Object, 7> layers_;  ///< the values of each SettingsLayer
    struct AppOverride {
        std::vector<std::string> path;
        Value value;
        SettingsLayer layer;
    };
    Value app_;       ///< `app` of the file, with the overrides
    Value file_app_;  ///< `app` of the file
    std::vector<AppOverride> app_overrides_;
    std::vector<std::pair<std::string, Value>> app_files_;  ///< `app` of each config file, by its path
    AppConfiguration::Notes app_notes_;
    std::string config_path_;
    SettingsLayer filling_ = SettingsLayer::program;
    bool is_client_ = false;
    bool has_cluster_ = false;  ///< the settings of the second level of the lock are known
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
