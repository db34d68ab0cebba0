#pragma once

#include <algorithm>
#include <string_view>

namespace servicekit {

/// Takes what is in front of the first `separator` off the front of `text`, and the separator too. Takes all of a text
/// without one.
inline std::string_view take_up_to(char separator, std::string_view& text) noexcept {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}

}  // namespace servicekit
