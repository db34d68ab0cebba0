#include "servicekit/core/config_schema.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/json_pointer.hpp"
#include "base/names.hpp"
#include "core/object_path.hpp"
#include "core/setting_table.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

std::string expected_in_words(const detail::ValueType& type, const KeyOptions& options) {
    if (!options.choices.empty()) {
        std::string text;
        for (const std::string& choice : options.choices) text += (text.empty() ? "one of '" : ", '") + choice + "'";
        return text;
    }
    const std::string words{type.words};
    const auto text = [](double number) { return to_json(detail::plain_number(number)); };
    if (options.minimum && options.maximum)
        return words + " from " + text(*options.minimum) + " to " + text(*options.maximum);
    if (options.minimum) return words + ", " + text(*options.minimum) + " or above";
    if (options.maximum) return words + ", " + text(*options.maximum) + " or below";
    return words;
}

std::string shown(const Value& value) {
    constexpr std::size_t longest = 80;
    const bool is_short = value.is_number() || (value.is_string() && value.as_string().size() <= longest);
    return is_short ? to_json(value) : std::string{value.type_name()};
}

[[noreturn]] void refuse_key(const std::string& pointer, const std::string& reason) {
    throw std::logic_error{"the configuration can't have the key '" + pointer + "': " + reason};
}

}  // namespace

std::string ConfigKey::pointer() const {
    std::string text = "/app";
    for (const std::string& step : path) text += pointer_token(step);
    return text;
}

std::string ConfigKey::variable() const {
    std::string text = "APP_";
    for (const std::string& step : path) {
        if (&step != &path.front()) text += "__";
        for (const char letter : step) {
            const bool is_small = letter >= 'a' && letter <= 'z';
            text += is_small ? static_cast<char>(letter - 'a' + 'A') : letter == '-' || letter == '.' ? '_' : letter;
        }
    }
    return text;
}

std::string ConfigKey::option() const {
    if (!options.option.empty()) return options.option;
    std::string text = "app";
    for (const std::string& step : path) text += "." + step;
    return text;
}

const Value& ConfigKey::value_in(const Value& app) const {
    const Value* const found = find_at(app, path);
    return found != nullptr ? *found : default_value;
}

std::string ConfigKey::placeholder() const {
    std::string text = options.option.empty() ? path.back() : options.option;
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return text;
}

void ConfigSchema::append(ConfigKey key) {
    const auto refuse = [&key](const std::string& reason) { refuse_key(key.pointer(), reason); };
    for (const std::string& step : key.path)
        if (!is_valid_name(step) || step.front() == '-')
            refuse("'" + step + "' is not a name: " + std::string{name_rule()});
    if (!is_valid_name(key.option()) || key.option().front() == '-')
        refuse("'" + key.option() + "' can't be an option: give it without dashes, with " + std::string{name_rule()});
    if (key.options.positional && key.options.secret)
        refuse("a secret can't be on the command line, where every user of the machine sees it");
    if (find_setting(key.option()) != nullptr) refuse("--" + key.option() + " is an option of every service");
    for (const ConfigKey& other : keys_) {
        const std::size_t depth = std::min(other.path.size(), key.path.size());
        if (std::equal(key.path.begin(), key.path.begin() + static_cast<std::ptrdiff_t>(depth), other.path.begin()))
            refuse("'" + other.pointer() + "' is declared already");
        if (other.variable() == key.variable())
            refuse("'" + other.pointer() + "' has the same environment variable, ..." + key.variable());
        if (other.options.positional && key.options.positional && other.placeholder() == key.placeholder())
            refuse("'" + other.pointer() + "' is positional and has the same name in the help, " + key.placeholder());
        if (other.option() == key.option()) refuse("'" + other.pointer() + "' has the same option, --" + key.option());
    }
    keys_.push_back(std::move(key));
}

ConfigKey detail::make_key(const ValueType& type, std::string name, std::string description, KeyOptions options) {
    ConfigKey key{.path = {std::move(name)}, .description = std::move(description), .options = std::move(options)};
    KeyOptions& limits = key.options;
    if (!limits.minimum) limits.minimum = type.minimum;
    if (!limits.maximum) limits.maximum = type.maximum;
    key.expected = expected_in_words(type, limits);
    Object& schema = key.json_schema;
    if (!type.json.empty()) schema.append("type", type.json);
    if (!key.description.empty()) schema.append("description", key.description);
    if (limits.minimum) schema.append("minimum", detail::plain_number(*limits.minimum));
    if (limits.maximum) schema.append("maximum", detail::plain_number(*limits.maximum));
    if (!limits.choices.empty()) schema.append("enum", Value::List(limits.choices.begin(), limits.choices.end()));
    return key;
}

void detail::check_options(const Value& value, const KeyOptions& options, const std::string& expected) {
    const auto refuse_unless = [&](bool fits) {
        if (!fits) throw TypeError{expected, shown(value)};
    };
    if (value.is_null()) return;
    if (value.is_number()) {
        if (options.minimum) refuse_unless(value.as_number() >= *options.minimum);
        if (options.maximum) refuse_unless(value.as_number() <= *options.maximum);
    }
    if (!options.choices.empty())
        refuse_unless(value.is_string() && std::find(options.choices.begin(), options.choices.end(),
                                                     value.as_string()) != options.choices.end());
}

void detail::check_section_options(const std::string& name, const KeyOptions& options) {
    if (options.required || options.minimum || options.maximum || !options.choices.empty() || !options.option.empty())
        refuse_key("/app" + pointer_token(name),
                   "a struct can only be secret, need a restart, or not decide the place");
}

void detail::check_key_options(const std::string& name, const ValueType& type, const KeyOptions& options) {
    const bool is_number = type.json == "integer" || type.json == "number";
    if ((options.minimum || options.maximum) && !is_number)
        refuse_key("/app" + pointer_token(name), "limits are for numbers");
    if (!options.choices.empty() && type.json != "string")
        refuse_key("/app" + pointer_token(name), "choices are for texts");
}

void detail::rethrow_without_value(const std::string& expected) {
    try {
        throw;
    } catch (const TypeError&) {
        throw TypeError{expected, "something else"};
    }
}

double detail::duration_count(double seconds, double ticks_in_a_second, bool is_whole) {
    // Above 2^53 a double does not represent every integer.
    constexpr double longest = 9'007'199'254'740'992;
    const double count = seconds * ticks_in_a_second;
    if (!(count >= -longest && count <= longest))
        throw TypeError{"a number of seconds", to_json(detail::plain_number(seconds))};
    if (!is_whole) return count;
    const double whole = std::round(count);
    if (std::abs(whole - count) > 1e-3)
        throw TypeError{"a multiple of " + to_json(detail::plain_number(1 / ticks_in_a_second)) + " seconds",
                        to_json(detail::plain_number(seconds))};
    return whole;
}

void detail::refuse_unknown(const Object& object, const std::vector<std::string_view>& known) {
    for (const auto& [key, value] : object)
        if (std::find(known.begin(), known.end(), key) == known.end())
            throw InvalidKey{pointer_token(key), "unknown key" + did_you_mean(key, known)};
}

void detail::refuse_missing(const std::string& name) { throw InvalidKey{pointer_token(name), "missing"}; }

void detail::rethrow_at(const std::string& name) {
    try {
        throw;
    } catch (const InvalidKey& within) {
        throw InvalidKey{pointer_token(name) + within.pointer(), within.what()};
    } catch (const std::exception& fault) {
        throw InvalidKey{pointer_token(name), fault.what()};
    }
}

}  // namespace servicekit
