#include "core/argument_check.hpp"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <vector>

#include "base/names.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/event_table.hpp"

namespace servicekit {
namespace {

std::string_view type_words(ParameterType type) {
    switch (type) {
        case ParameterType::string:
            return "a string";
        case ParameterType::integer:
            return "an integer";
        case ParameterType::number:
            return "a number";
        case ParameterType::boolean:
            return "a boolean";
        case ParameterType::path:
            return "a path";
        case ParameterType::list:
            return "a list";
        case ParameterType::object:
            break;
    }
    return "an object";
}

bool has_type(ParameterType type, const Value& value) {
    switch (type) {
        case ParameterType::string:
            return value.is_string();
        case ParameterType::integer:
            return value.is_integer();
        case ParameterType::number:
            return value.is_number() && std::isfinite(value.as_number());
        case ParameterType::boolean:
            return value.is_bool();
        case ParameterType::path:
            return value.is_string() && !value.as_string().empty() && value.as_string().find('\0') == std::string::npos;
        case ParameterType::list:
            return value.is_list();
        case ParameterType::object:
            break;
    }
    return value.is_object();
}

/// Compares exactly, also integers that a double cannot represent.
std::partial_ordering compare(const Value& value, double limit) {
    if (!value.is_integer() || std::isnan(limit)) return value.as_number() <=> limit;
    constexpr double beyond_integers = 9'223'372'036'854'775'808.0;  // 2 to the power of 63
    if (limit >= beyond_integers) return std::partial_ordering::less;
    if (limit < -beyond_integers) return std::partial_ordering::greater;
    const auto whole = static_cast<std::int64_t>(limit);
    if (value.as_integer() != whole) return value.as_integer() <=> whole;
    return static_cast<double>(whole) <=> limit;
}

std::string limit_words(double limit) { return to_json(detail::plain_number(limit)); }

std::string found_words(const Parameter& parameter, const Value& value) {
    if (value.is_number() && !parameter.secret)
        return to_json(value) + (value.is_wide_integer() ? ", which 64 bits can't hold" : "");
    if (value.is_string() && value.as_string().empty()) return "an empty string";
    return std::string{value.type_name()};
}

const Parameter* find_parameter(const EventDeclaration& event, std::string_view name) {
    const auto found = std::find_if(event.parameters.begin(), event.parameters.end(),
                                    [name](const Parameter& parameter) { return parameter.name == name; });
    return found != event.parameters.end() ? &*found : nullptr;
}

[[noreturn]] void refuse_unknown(const EventDeclaration& event, const std::string& name) {
    std::vector<std::string_view> known;
    std::string expected;
    for (const Parameter& parameter : event.parameters) {
        known.emplace_back(parameter.name);
        expected += (expected.empty() ? "one of " : ", ") + parameter.name;
    }
    throw BadArgument{name, expected.empty() ? "no parameters" : expected,
                      "'" + event.name + "' has no parameter '" + name + "'" + did_you_mean(name, known)};
}

[[noreturn]] void refuse(const EventDeclaration& event, const Parameter& parameter, const std::string& fault,
                         const std::string& found) {
    const std::string expected = accepted_words(parameter);
    throw BadArgument{
        parameter.name, expected,
        "parameter '" + parameter.name + "' of '" + event.name + "' is " + fault + ": expected " + expected + found};
}

}  // namespace

std::string accepted_words(const Parameter& parameter) {
    std::string words{type_words(parameter.type)};
    if (parameter.type != ParameterType::integer && parameter.type != ParameterType::number) return words;
    if (parameter.minimum && parameter.maximum)
        return words + " from " + limit_words(*parameter.minimum) + " to " + limit_words(*parameter.maximum);
    if (parameter.minimum) return words + " of at least " + limit_words(*parameter.minimum);
    if (parameter.maximum) return words + " of at most " + limit_words(*parameter.maximum);
    return words;
}

bool accepts(const Parameter& parameter, const Value& value) {
    if (!has_type(parameter.type, value)) return false;
    if (parameter.type != ParameterType::integer && parameter.type != ParameterType::number) return true;
    return (!parameter.minimum || compare(value, *parameter.minimum) >= 0) &&
           (!parameter.maximum || compare(value, *parameter.maximum) <= 0);
}

[[gnu::hot]] Arguments check_arguments(const EventDeclaration& event, Object given) {
    if (event.parameters.empty() && given.empty()) return {};
    for (const auto& [name, value] : given)
        if (find_parameter(event, name) == nullptr) refuse_unknown(event, name);

    Object values;
    for (const Parameter& parameter : event.parameters) {
        Value* value = given.find(parameter.name);
        const bool may_be_null = parameter.default_value && parameter.default_value->is_null();
        if (value == nullptr || (value->is_null() && may_be_null)) {
            if (!parameter.default_value) refuse(event, parameter, "missing", "");
            if (!may_be_null) values.append(parameter.name, *parameter.default_value);
        } else if (accepts(parameter, *value)) {
            values.append(parameter.name, std::move(*value));
        } else {
            refuse(event, parameter, "wrong", ", found " + found_words(parameter, *value));
        }
    }
    return values;
}

[[gnu::hot]] void refuse_relative_paths(const EventDeclaration& event, const Object& given) {
    for (const Parameter& parameter : event.parameters) {
        if (parameter.type != ParameterType::path) continue;
        const Value* value = given.find(parameter.name);
        if (value == nullptr || !value->is_string() || value->as_string().starts_with('/')) continue;
        throw BadArgument{parameter.name, "an absolute path",
                          "parameter '" + parameter.name + "' of '" + event.name +
                              "' is wrong: expected an absolute path, as the service's directory is not the caller's"};
    }
}

std::string describe_arguments(const EventDeclaration& event, const Object& arguments) {
    Object shown;
    for (const auto& [name, value] : arguments) {
        const Parameter* parameter = find_parameter(event, name);
        const bool may_be_shown = parameter != nullptr && !parameter->secret;
        shown.append(name, may_be_shown ? value : Value{"***"});
    }
    return to_json(shown);
}

}  // namespace servicekit
