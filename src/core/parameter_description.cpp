#include "core/parameter_description.hpp"

#include <cmath>
#include <cstdint>

namespace servicekit {
namespace {

/// Returns a bound of a parameter, as an integer if it is a whole number.
Value bound_value(double bound) {
    constexpr double exact = 9'007'199'254'740'992;  // 2^53: up to it a double represents each integer
    const bool is_whole = bound >= -exact && bound <= exact && std::trunc(bound) == bound;
    return is_whole ? Value{static_cast<std::int64_t>(bound)} : Value{bound};
}

}  // namespace

Object describe(const Parameter& parameter) {
    Object described{{"name", parameter.name},
                     {"type", to_string(parameter.type)},
                     {"required", !parameter.default_value.has_value()},
                     {"description", parameter.description}};
    if (parameter.default_value) described.append("default", *parameter.default_value);
    if (parameter.minimum && std::isfinite(*parameter.minimum))
        described.append("minimum", bound_value(*parameter.minimum));
    if (parameter.maximum && std::isfinite(*parameter.maximum))
        described.append("maximum", bound_value(*parameter.maximum));
    if (parameter.secret) described.append("secret", true);
    return described;
}

}  // namespace servicekit
