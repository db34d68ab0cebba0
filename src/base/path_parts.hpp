#pragma once

#include <string>
#include <string_view>

namespace servicekit {

/// The directory that a file is in: "/run" of "/run/x.pid", "/" of "/x", "." of "x".
[[nodiscard]] inline std::string directory_of(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return std::string{path.substr(0, slash == 0 ? 1 : slash)};
}

/// "x.pid" of "/run/x.pid". It is the end of `path`, so its data() ends with a zero byte.
[[nodiscard]] inline std::string_view file_name_of(const std::string& path) noexcept {
    return std::string_view{path}.substr(path.rfind('/') + 1);
}
std::string_view file_name_of(std::string&& path) = delete;

}  // namespace servicekit
