#pragma once

#include <string>
#include <string_view>

namespace servicekit {

/// Returns the directory of a file: "/run" for "/run/x.pid", "/" for "/x", "." for "x".
[[nodiscard]] inline std::string directory_of(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return std::string{path.substr(0, slash == 0 ? 1 : slash)};
}

/// Returns the name of a file without its directory: "x.pid" for "/run/x.pid". It is the end of `path`, so its data()
/// is terminated by a zero byte.
[[nodiscard]] inline std::string_view file_name_of(const std::string& path) noexcept {
    return std::string_view{path}.substr(path.rfind('/') + 1);
}
std::string_view file_name_of(std::string&& path) = delete;

}  // namespace servicekit
