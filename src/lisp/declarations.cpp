#include "lisp/declarations.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace servicekit::lisp {
namespace {

constexpr std::array types{ParameterType::string, ParameterType::integer, ParameterType::number, ParameterType::boolean,
                           ParameterType::path,   ParameterType::list,    ParameterType::object};

constexpr std::array roles{ControlRole::none, ControlRole::read, ControlRole::operate, ControlRole::admin,
                           ControlRole::owner};

ParameterType type_from(const std::string& name) {
    const auto* found =
        std::find_if(types.begin(), types.end(), [&](ParameterType type) { return to_string(type) == name; });
    if (found == types.end()) throw std::invalid_argument{"there is no type '" + name + "' of parameters"};
    return *found;
}

ControlRole role_from(const std::string& name) {
    const auto* found =
        std::find_if(roles.begin(), roles.end(), [&](ControlRole role) { return to_string(role) == name; });
    if (found == roles.end()) throw std::invalid_argument{"there is no role '" + name + "'"};
    return *found;
}

Value nothing_of(ParameterType type) {
    if (type == ParameterType::boolean) return false;
    if (type == ParameterType::list) return Value::List{};
    if (type == ParameterType::object) return Object{};
    return nullptr;
}

bool is_true(const Object& object, std::string_view key) {
    const Value* value = object.find(key);
    return value != nullptr && value->is_bool() && value->as_bool();
}

Parameter parameter_from(const Object& object) {
    Parameter parameter{.name = object.get<std::string>("name", {}),
                        .type = type_from(object.get<std::string>("type", {})),
                        .description = object.get<std::string>("description", {}),
                        .secret = is_true(object, "secret")};
    if (is_true(object, "required")) return parameter;
    const Value* given = object.find("default");
    parameter.default_value = given == nullptr || given->is_null() ? nothing_of(parameter.type) : *given;
    return parameter;
}

}  // namespace

EventDeclaration declaration_from(const Value::List& parts, EventDeclaration before) {
    EventDeclaration event = std::move(before);
    event.name = parts.at(0).as_string();
    if (parts.at(1).is_string() && !parts.at(1).as_string().empty()) event.description = parts.at(1).as_string();
    if (parts.size() > 3 && parts.at(3).is_string()) event.needs = role_from(parts.at(3).as_string());
    // Without parameters, a built-in event gets its own back.
    event.parameters.clear();
    if (parts.at(2).is_list())
        for (const Value& parameter : parts.at(2).as_list())
            event.parameters.push_back(parameter_from(parameter.as_object()));
    return event;
}

Object adapt(const EventDeclaration& event, const Object& arguments) {
    Object adapted;
    for (const auto& [key, value] : arguments) {
        const auto named = std::find_if(event.parameters.begin(), event.parameters.end(),
                                        [&key = key](const Parameter& parameter) { return parameter.name == key; });
        const bool is_nothing = value.is_null() && named != event.parameters.end();
        adapted.set(key, is_nothing ? nothing_of(named->type) : value);
    }
    return adapted;
}

}  // namespace servicekit::lisp
