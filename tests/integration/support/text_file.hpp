#pragma once

#include <string>
#include <string_view>

namespace servicekit::test {

/// \returns the content of the file; empty if it can't be read
[[nodiscard]] std::string read_file(const std::string& path);
/// Replaces the content of the file. \throws std::runtime_error if it can't be written
void write_file(const std::string& path, std::string_view text);

}  // namespace servicekit::test
