#pragma once

#include <string>
#include <string_view>

namespace servicekit::test {

/// \returns what the file holds; empty where it can't be read.
[[nodiscard]] std::string read_file(const std::string& path);
/// Replaces what the file holds. \throws std::runtime_error where it can't
void write_file(const std::string& path, std::string_view text);

}  // namespace servicekit::test
