#include "replace_file.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fs = std::filesystem;

void replace_file(const fs::path& path, std::string_view content) {
    const fs::path unfinished = path.string() + ".part";
    const auto fail = [&] { throw fs::filesystem_error{"cannot write", unfinished, {errno, std::generic_category()}}; };
    fs::remove(unfinished);  // left by an interrupted write
    // "x" is O_EXCL, which fails if a link is there by now.
    std::FILE* const file = std::fopen(unfinished.c_str(), "wxe");
    if (file == nullptr) fail();
    const bool is_written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    if (std::fclose(file) != 0 || !is_written) fail();
    fs::rename(unfinished, path);
}
