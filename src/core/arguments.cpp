#include "servicekit/core/arguments.hpp"

namespace servicekit {

BadArgument::BadArgument(std::string argument, std::string expected, const std::string& message)
    : std::invalid_argument{message}, argument_{std::move(argument)}, expected_{std::move(expected)} {}

bool Arguments::has(std::string_view name) const noexcept {
    const Value* value = values_.find(name);
    return value != nullptr && !value->is_null();
}

const Value& Arguments::at(std::string_view name) const {
    if (const Value* value = values_.find(name)) return *value;
    throw BadArgument{std::string{name}, "a value", "argument '" + std::string{name} + "' is missing"};
}

void Arguments::refuse(std::string_view name, const TypeError& error) {
    throw BadArgument{std::string{name}, error.expected(), "argument '" + std::string{name} + "': " + error.what()};
}

}  // namespace servicekit
