#include "servicekit/base/control_role.hpp"

namespace servicekit {

std::string_view to_string(ControlRole role) noexcept {
    switch (role) {
        case ControlRole::none:
            break;
        case ControlRole::read:
            return "read";
        case ControlRole::operate:
            return "operate";
        case ControlRole::admin:
            return "admin";
        case ControlRole::owner:
            return "owner";
    }
    return "none";
}

}  // namespace servicekit
