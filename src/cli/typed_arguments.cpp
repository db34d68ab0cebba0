#include "cli/typed_arguments.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "core/paths.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit::cli {
namespace {

Error unusable(std::string_view argument, std::string reason) {
    return Error{ExitCode::usage, "use the argument", std::string{argument}, std::move(reason)};
}

std::string text_of(const Object& object, std::string_view key) { return object.get<std::string>(key, {}); }

std::string type_of(const Value::List* parameters, std::string_view name) {
    if (parameters == nullptr) return {};
    for (const Value& parameter : *parameters)
        if (parameter.is_object() && text_of(parameter.as_object(), "name") == name)
            return text_of(parameter.as_object(), "type");
    return {};
}

/// Returns the path as an absolute one. An absolute path is not changed.
Result<Value> resolve(const std::string& path, const os::Host& host) {
    if (path.starts_with('/')) return Value{path};
    auto whole = absolute_path(path, host);
    return whole ? Result<Value>{Value{*std::move(whole)}} : whole.error();
}

/// A type whose values are written in JSON.
struct JsonType {
    std::string_view name;
    std::string_view in_words;
    bool (Value::*holds)() const noexcept;
};

const JsonType* json_type(std::string_view name) {
    static const JsonType types[]{
        {to_string(ParameterType::integer), "an integer", &Value::is_integer},
        {to_string(ParameterType::number), "a number", &Value::is_number},
        {to_string(ParameterType::boolean), "true or false", &Value::is_bool},
        {to_string(ParameterType::list), "a JSON list", &Value::is_list},
        {to_string(ParameterType::object), "a JSON object", &Value::is_object},
    };
    for (const JsonType& type : types)
        if (type.name == name) return &type;
    return nullptr;
}

Result<Value> typed(std::string_view argument, std::string_view text, std::string_view type, const os::Host& host) {
    if (type == to_string(ParameterType::path)) return resolve(std::string{text}, host);
    const JsonType* json = json_type(type);
    if (json == nullptr) return Value{text};
    auto parsed = parse_json(text);
    Value* value = std::get_if<Value>(&parsed);
    if (value == nullptr || !(value->*(json->holds))())
        return unusable(argument, "expected " + std::string{json->in_words});
    return std::move(*value);
}

Result<Object> from_json(const GivenArguments& given, const Value::List* parameters, const os::Host& host) {
    auto parsed = parse_json(*given.json);
    if (const auto* error = std::get_if<JsonError>(&parsed))
        return unusable(given.json_in_words, error->reason + " at byte " + std::to_string(error->offset));
    const Value& value = std::get<Value>(parsed);
    if (!value.is_object()) return unusable(given.json_in_words, "expected a JSON object");
    Object arguments;
    for (const auto& [name, argument] : value.as_object()) {
        const bool is_path = argument.is_string() && type_of(parameters, name) == to_string(ParameterType::path);
        auto resolved = is_path ? resolve(argument.as_string(), host) : Result<Value>{argument};
        if (!resolved) return resolved.error();
        arguments.append(name, std::move(*resolved));
    }
    return arguments;
}

}  // namespace

const Value::List* declared_parameters(const Object& events_reply, std::string_view event) {
    const Value* events = events_reply.find("events");
    if (events == nullptr || !events->is_list()) return nullptr;
    for (const Value& item : events->as_list()) {
        if (!item.is_object() || text_of(item.as_object(), "name") != event) continue;
        const Value* parameters = item.as_object().find("parameters");
        return parameters != nullptr && parameters->is_list() ? &parameters->as_list() : nullptr;
    }
    return nullptr;
}

Result<Object> typed_arguments(const GivenArguments& given, const Value::List* parameters, const os::Host& host) {
    Object arguments;
    if (given.json) {
        auto object = from_json(given, parameters, host);
        if (!object) return object.error();
        arguments = std::move(*object);
    }
    for (const GivenArgument& argument : given.named) {
        if (arguments.contains(argument.name))
            return unusable(argument.in_words, "'" + argument.name + "' is given twice");
        auto value = typed(argument.in_words, argument.value, type_of(parameters, argument.name), host);
        if (!value) return value.error();
        arguments.append(argument.name, std::move(*value));
    }
    return arguments;
}

std::vector<std::string> missing_secrets(const Value::List& parameters, const Object& arguments) {
    std::vector<std::string> names;
    for (const Value& parameter : parameters) {
        if (!parameter.is_object()) continue;
        const Object& declared = parameter.as_object();
        const std::string name = text_of(declared, "name");
        if (declared.get<bool>("secret", false) && declared.get<bool>("required", false) && !arguments.contains(name))
            names.push_back(name);
    }
    return names;
}

}  // namespace servicekit::cli
