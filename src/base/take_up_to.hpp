#pragma once

#include <algorithm>
#include <string_view>

namespace servicekit {

/// Removes the part before the first `separator` from `text`, and the separator itself. \returns that part; the whole
/// text if it has no separator
inline std::string_view take_up_to(char separator, std::string_view& text) noexcept {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}

}  // namespace servicekit
