#include "core/parameter_description.hpp"

#include <cmath>

namespace servicekit {

Object describe(const Parameter& parameter) {
    Object described{{"name", parameter.name},
                     {"type", to_string(parameter.type)},
                     {"required", !parameter.default_value.has_value()},
                     {"description", parameter.description}};
    if (parameter.default_value) described.append("default", *parameter.default_value);
    if (parameter.minimum && std::isfinite(*parameter.minimum))
        described.append("minimum", detail::plain_number(*parameter.minimum));
    if (parameter.maximum && std::isfinite(*parameter.maximum))
        described.append("maximum", detail::plain_number(*parameter.maximum));
    if (parameter.secret) described.append("secret", true);
    return described;
}

}  // namespace servicekit
