#pragma once

#include <string>
#include <string_view>

namespace servicekit::test {

/// Returns the text with each occurrence of `what` replaced.
[[nodiscard]] inline std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

}  // namespace servicekit::test
