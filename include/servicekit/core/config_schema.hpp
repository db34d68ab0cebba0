#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Options of a key of the application's configuration.
struct KeyOptions {
    bool required = false;       ///< the configuration must have the key
    bool needs_restart = false;  ///< a reload only reports a change; the new value takes effect at the next start
    bool secret = false;         ///< the value is never shown, and cannot be given on the command line
    /// True if on_load() may choose the place of the service by this key. Set it to false for other keys, such as a
    /// port: verbs such as `stop` then find a running service without loading anything, whatever values the start and
    /// the verb were given.
    bool decides_place = true;
    /// The smallest number that is accepted. Default: only the type limits it.
    std::optional<double> minimum = {};
    /// The largest number that is accepted. Default: only the type limits it.
    std::optional<double> maximum = {};
    std::vector<std::string> choices = {};  ///< the strings that are accepted; empty: all
    /// The option on the command line, without the dashes. Default: empty, which means `app.` and its path, as in
    /// `--app.tls.port`.
    std::string option = {};
    /// If true, verbs without arguments of their own, such as `start` and `check`, also take the value without the
    /// option: `server start /srv/www`. Several such keys are taken in the order of their declarations.
    bool positional = false;
};

/// A key of the application's configuration, as users see it.
struct ConfigKey {
    std::vector<std::string> path;  ///< below `app`: {"tls", "port"}
    std::string expected = {};      ///< "an integer from 0 to 65535"
    std::string description = {};   ///< for the help; may be empty
    Value default_value = {};       ///< null if there is no default to show
    KeyOptions options = {};        ///< from its declaration, and from those of the structs around it
    Object json_schema = {};        ///< the JSON Schema of its value
    /// Checks a value. \throws TypeError if the key cannot have it
    std::function<void(const Value&)> check = {};

    /// "/app/tls/port"
    [[nodiscard]] std::string pointer() const;
    /// The last part of its environment variable: "APP_TLS__PORT".
    [[nodiscard]] std::string variable() const;
    /// The option, without the dashes.
    [[nodiscard]] std::string option() const;
    /// The name of a positional key in the help: "ROOT".
    [[nodiscard]] std::string placeholder() const;
    /// The value of the key in the object under `app`, or its default if the object lacks it.
    [[nodiscard]] const Value& value_in(const Value& app) const;
};

/// The keys of the application's configuration, and how to make a struct of them. See Schema.
class ConfigSchema {
public:
    virtual ~ConfigSchema() = default;
    /// All keys, including those of nested structs, in the order of their declarations.
    [[nodiscard]] const std::vector<ConfigKey>& keys() const noexcept { return keys_; }
    /// A struct with the defaults.
    [[nodiscard]] virtual std::shared_ptr<const void> defaults() const = 0;
    /// A struct with the values of an object; null counts as an empty object.
    /// \throws InvalidKey for a key; a check of the whole struct may throw anything
    [[nodiscard]] virtual std::shared_ptr<const void> read(const Value& app) const = 0;

protected:
    ConfigSchema() = default;
    ConfigSchema(const ConfigSchema&) = default;
    ConfigSchema(ConfigSchema&&) = default;
    ConfigSchema& operator=(const ConfigSchema&) = default;
    ConfigSchema& operator=(ConfigSchema&&) = default;

    /// Adds a key. \throws std::logic_error if the name is not valid, or another key has the same path, variable or
    /// option
    void append(ConfigKey key);

private:
    std::vector<ConfigKey> keys_;
};

/// Thrown for a key that is unknown, missing, or has an invalid value.
class InvalidKey : public std::runtime_error {
public:
    /// \param pointer below `app`: "/tls/port"
    InvalidKey(std::string pointer, const std::string& reason)
        : std::runtime_error{reason}, pointer_{std::move(pointer)} {}
    /// The key as a JSON pointer below `app`.
    [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }

private:
    std::string pointer_;
};

template <class Config>
class Schema;

namespace detail {

/// A type for which the program has a function `void from_value(const servicekit::Value&, T&)` in the type's namespace.
template <class T>
concept ReadByProgram = requires(const Value& value, T& into) {
    from_value(value, into);
};
template <class T>
concept PathLike = requires(const T& path) {
    typename T::string_type;
    path.native();
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

/// A nested struct with a describe() of its own.
template <class T>
concept ConfigSection =
    std::is_class_v<T> && !std::is_same_v<T, std::string> && !PathLike<T> && !is_optional<T> && !is_vector<T> &&
    !is_duration<T> && !std::is_same_v<T, Value> && !std::is_same_v<T, Object> && requires(Schema<T> & schema) {
    describe(schema);
};

/// The kind of value that a member takes, in words and for JSON Schema.
struct ValueType {
    std::string_view words;
    std::string_view json;  ///< empty: any type
    std::optional<double> minimum = {};
    std::optional<double> maximum = {};
};

template <class T>
constexpr ValueType value_type() {
    if constexpr (ReadByProgram<T>) {
        return {"a value", ""};
    } else if constexpr (is_optional<T>) {
        return value_type<typename T::value_type>();
    } else if constexpr (std::is_same_v<T, bool>) {
        return {"true or false", "boolean"};
    } else if constexpr (std::is_integral_v<T>) {
        // Above 32 bits the limits are too long to be readable.
        if constexpr (sizeof(T) < 8)
            return {"an integer", "integer", std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
        else if constexpr (std::is_unsigned_v<T>)
            return {"an integer", "integer", 0.0};
        else
            return {"an integer", "integer"};
    } else if constexpr (std::is_floating_point_v<T>) {
        return {"a number", "number"};
    } else if constexpr (is_duration<T>) {
        return {"a number of seconds", "number"};
    } else if constexpr (PathLike<T>) {
        return {"a path", "string"};
    } else if constexpr (is_vector<T>) {
        return {"a list", "array"};
    } else if constexpr (std::is_same_v<T, std::string>) {
        return {"a string", "string"};
    } else if constexpr (std::is_same_v<T, Object> || ConfigSection<T>) {
        return {"an object", "object"};
    } else {
        static_assert(std::is_same_v<T, Value>,
                      "a member of a configuration is a bool, a number, a string, a path, a duration, a struct with a "
                      "describe(), a vector or an optional of one of these, or a type with a from_value() beside it");
        return {"a value", ""};
    }
}

/// True if `ConfigKey::expected` describes the type well enough for the message about a value of another type.
template <class T>
constexpr bool is_plain_type() {
    if constexpr (is_optional<T>)
        return is_plain_type<typename T::value_type>();
    else
        return !ReadByProgram<T> && !is_vector<T> && !is_duration<T> && !ConfigSection<T>;
}
template <class T>
inline constexpr bool has_plain_type = is_plain_type<T>();

/// True for a list or an optional of structs that have a secret.
template <class T>
bool has_secret_items() {
    if constexpr (is_vector<T> || is_optional<T>) {
        return has_secret_items<typename T::value_type>();
    } else if constexpr (ConfigSection<T>) {
        Schema<T> schema;
        describe(schema);
        return schema.has_secret();
    } else {
        return false;
    }
}

/// Converts seconds to the ticks of a duration. \throws TypeError if the duration cannot hold the value
[[nodiscard]] double duration_count(double seconds, double ticks_in_a_second, bool is_whole);
/// Throws the exception again as an InvalidKey for this key, or for a key within it. \pre an exception is being handled
[[noreturn]] void rethrow_at(const std::string& name);

template <class T>
void read_value(const Value& value, T& into) {
    if constexpr (ReadByProgram<T>) {
        from_value(value, into);
    } else if constexpr (is_optional<T>) {
        into.reset();
        if (!value.is_null()) read_value(value, into.emplace());
    } else if constexpr (is_duration<T>) {
        into = T{static_cast<typename T::rep>(
            duration_count(value.as_number(), static_cast<double>(T::period::den) / static_cast<double>(T::period::num),
                           std::is_integral_v<typename T::rep>))};
    } else if constexpr (PathLike<T>) {
        into = value.as_string();
    } else if constexpr (is_vector<T>) {
        T items;
        for (const Value& item : value.as_list()) {
            typename T::value_type read{};
            try {
                read_value(item, read);
            } catch (...) {
                rethrow_at(std::to_string(items.size()));
            }
            items.push_back(std::move(read));
        }
        into = std::move(items);
    } else if constexpr (ConfigSection<T>) {
        Schema<T> schema;
        describe(schema);
        T section{};
        schema.read_into(value, section);
        into = std::move(section);
    } else {
        into = value.as<T>();
    }
}

/// The value as JSON, for help and comparison; null if only the program can read the type.
template <class T>
Value written_value(const T& value) {
    if constexpr (ReadByProgram<T>) {
        if constexpr (requires { Value{to_value(value)}; })
            return to_value(value);
        else
            return {};
    } else if constexpr (is_optional<T>) {
        return value ? written_value(*value) : Value{};
    } else if constexpr (is_duration<T>) {
        return plain_number(std::chrono::duration<double>{value}.count());
    } else if constexpr (PathLike<T>) {
        return value.native();
    } else if constexpr (is_vector<T>) {
        Value::List items;
        for (const auto& item : value) items.push_back(written_value(item));
        return items;
    } else if constexpr (ConfigSection<T>) {
        return {};
    } else if constexpr (std::is_floating_point_v<T>) {
        return static_cast<double>(value);
    } else {
        return value;
    }
}

/// \throws TypeError for a number out of range, and for a string that is not among the choices
void check_options(const Value& value, const KeyOptions& options, const std::string& expected);
/// \throws std::logic_error for options that a nested struct cannot have
void check_section_options(const std::string& name, const KeyOptions& options);
/// \throws std::logic_error for options that a key of this type cannot have
void check_key_options(const std::string& name, const ValueType& type, const KeyOptions& options);
/// Throws a message without the value, for a secret. \pre an exception is being handled
[[noreturn]] void rethrow_without_value(const std::string& expected);
[[nodiscard]] ConfigKey make_key(const ValueType& type, std::string name, std::string description, KeyOptions options);
/// \throws InvalidKey for a key of the object that is not in `known`
void refuse_unknown(const Object& object, const std::vector<std::string_view>& known);
[[noreturn]] void refuse_missing(const std::string& name);

}  // namespace detail

/// Declares how a plain struct is filled from `app` of the config file, the environment and the command line.
/// \code
/// struct Config {
///     std::string greeting = "hello";
///     std::uint16_t port = 0;
/// };
///
/// void describe(servicekit::Schema<Config>& config) {
///     config.add("greeting", &Config::greeting, "how it greets");
///     config.add("port", &Config::port, "the TCP port", {.needs_restart = true});
/// }
///
/// class Greeter final : public servicekit::Configured<Config> { ... config().greeting ... };
/// \endcode
/// Put describe() into the namespace of the struct. A member may be a bool, a number, a string, a path, a
/// std::chrono::duration (in seconds), a struct with a describe() of its own, a vector or an optional of one of these,
/// or any type with `void from_value(const servicekit::Value&, T&)` in its namespace, which throws if the value is
/// wrong. The initializers of the members are the defaults.
template <class Config>
class Schema final : public ConfigSchema {
public:
    /// Declares a key. If the member is a struct with a describe(), `secret`, `needs_restart` and `decides_place` apply
    /// to all its keys; do not set other options. \throws std::logic_error if the name is not valid, or another key has
    /// the same path, variable or option
    template <class T>
    Schema& add(const std::string& name, T Config::*member, const std::string& description = {},
                const KeyOptions& options = {}) {
        if constexpr (detail::ConfigSection<T> && !detail::ReadByProgram<T>) {
            add_section(name, member, options);
        } else {
            detail::check_key_options(name, detail::value_type<T>(), options);
            ConfigKey key = detail::make_key(detail::value_type<T>(), name, description, options);
            if (detail::has_secret_items<T>()) key.options.secret = true;
            const bool is_told = !key.options.required && !key.options.secret;
            if (is_told) key.default_value = detail::written_value(Config{}.*member);
            const auto read = [limits = key.options, expected = key.expected](const Value& value, T& into) {
                try {
                    detail::check_options(value, limits, expected);
                    detail::read_value(value, into);
                } catch (const TypeError& fault) {
                    if (limits.secret) detail::rethrow_without_value(expected);
                    if constexpr (detail::has_plain_type<T>)
                        throw TypeError{expected, fault.found()};
                    else
                        throw;
                }
            };
            key.check = [read](const Value& value) {
                T into{};
                read(value, into);
            };
            members_.push_back({name, key.options.required,
                                [member, read](const Value& value, Config& into) { read(value, into.*member); }});
            entries_.push_back({key, [member](const Config& config) { return detail::written_value(config.*member); }});
            append(std::move(key));
        }
        return *this;
    }
    /// \returns true if a key is secret.
    [[nodiscard]] bool has_secret() const {
        return std::any_of(keys().begin(), keys().end(), [](const ConfigKey& key) { return key.options.secret; });
    }
    /// Adds a check of the whole struct, for keys that depend on each other. The function throws if something is wrong.
    Schema& check(std::function<void(const Config&)> rule) {
        rules_.push_back(std::move(rule));
        return *this;
    }

    [[nodiscard]] std::shared_ptr<const void> defaults() const override { return std::make_shared<const Config>(); }
    [[nodiscard]] std::shared_ptr<const void> read(const Value& app) const override {
        auto config = std::make_shared<Config>();
        read_into(app, *config);
        return config;
    }
    /// Sets the members for which the object has a value, and then checks the struct; null counts as an empty object.
    /// \throws InvalidKey for a key; a check of the whole struct may throw anything
    void read_into(const Value& object, Config& into) const {
        static const Object none;
        const Object& given = object.is_null() ? none : object.as_object();
        std::vector<std::string_view> known;
        for (const Member& member : members_) known.push_back(member.name);
        detail::refuse_unknown(given, known);
        for (const Member& member : members_) {
            const Value* value = given.find(member.name);
            if (value == nullptr) {
                if (member.required) detail::refuse_missing(member.name);
                continue;
            }
            try {
                member.read(*value, into);
            } catch (...) {
                detail::rethrow_at(member.name);
            }
        }
        for (const auto& rule : rules_) rule(into);
    }

private:
    template <class>
    friend class Schema;

    struct Member {
        std::string name;
        bool required = false;
        std::function<void(const Value&, Config&)> read;
    };
    struct Entry {
        ConfigKey key;
        std::function<Value(const Config&)> value_of;
    };

    template <class T>
    void add_section(const std::string& name, T Config::*member, const KeyOptions& options) {
        detail::check_section_options(name, options);
        Schema<T> section;
        describe(section);
        bool required = false;
        for (const auto& [its_key, its_value] : section.entries_) {
            ConfigKey key = its_key;
            key.path.insert(key.path.begin(), name);
            required = required || key.options.required;
            key.options.secret = key.options.secret || options.secret;
            key.options.needs_restart = key.options.needs_restart || options.needs_restart;
            key.options.decides_place = key.options.decides_place && options.decides_place;
            const auto value_of = [member, value_of = its_value](const Config& config) {
                return value_of(config.*member);
            };
            key.default_value = key.options.required || key.options.secret ? Value{} : value_of(Config{});
            entries_.push_back({key, value_of});
            append(std::move(key));
        }
        members_.push_back({name, required, [member, section](const Value& value, Config& into) {
                                section.read_into(value, into.*member);
                            }});
    }

    std::vector<Member> members_;
    std::vector<Entry> entries_;
    std::vector<std::function<void(const Config&)>> rules_;
};

}  // namespace servicekit
