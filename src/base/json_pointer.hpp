#pragma once

#include <string>
#include <string_view>

namespace servicekit {

/// Returns the key as one step of a JSON pointer (RFC 6901, section 3), with the slash in front.
[[nodiscard]] std::string pointer_token(std::string_view key);

}  // namespace servicekit
