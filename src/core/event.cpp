#include "servicekit/core/event.hpp"

#include <utility>

namespace servicekit {

std::string_view to_string(ParameterType type) noexcept {
    switch (type) {
        case ParameterType::string:
            return "string";
        case ParameterType::integer:
            return "integer";
        case ParameterType::number:
            return "number";
        case ParameterType::boolean:
            return "boolean";
        case ParameterType::path:
            return "path";
        case ParameterType::list:
            return "list";
        case ParameterType::object:
            break;
    }
    return "object";
}

EventFailure::EventFailure(const std::string& message, Object fields, std::string code)
    : std::runtime_error{message}, code_{std::move(code)}, fields_{std::move(fields)} {
    for (const char* reserved : {"code", "message", "event"}) fields_.erase(reserved);
}

EventError::EventError(std::string code, const std::string& message, const Object& fields)
    : std::runtime_error{message}, code_{std::move(code)}, fields_{{"code", code_}, {"message", message}} {
    for (const auto& [key, value] : fields) fields_.set(key, value);
}

}  // namespace servicekit
