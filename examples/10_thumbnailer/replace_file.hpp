#pragma once

#include <filesystem>
#include <string_view>

/// Writes a file under a temporary name, and then renames it, so that a reader never sees a part of it. Follows no link
/// at either name: in a directory that other users can write, they could lead a service of root to any file.
/// \throws std::filesystem::filesystem_error
void replace_file(const std::filesystem::path& path, std::string_view content);
