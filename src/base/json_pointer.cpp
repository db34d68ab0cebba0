#include "base/json_pointer.hpp"

namespace servicekit {

std::string pointer_token(std::string_view key) {
    std::string token{"/"};
    for (const char byte : key) {
        if (byte == '~')
            token += "~0";
        else if (byte == '/')
            token += "~1";
        else
            token += byte;
    }
    return token;
}

}  // namespace servicekit
