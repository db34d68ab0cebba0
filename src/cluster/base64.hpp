#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace servicekit::cluster {

/// Returns the bytes in Base64 (RFC 4648, section 4), with padding.
[[nodiscard]] std::string base64(std::string_view bytes);
/// \returns nothing if the text is not Base64 with padding
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace servicekit::cluster
