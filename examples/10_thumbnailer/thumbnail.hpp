#pragma once

#include <cstddef>
#include <filesystem>

/// Makes a small image of a large one. Both are of the format PPM (P6, 8 bits a colour).
/// The new file is whole as soon as it has its name.
/// \param width in pixels. A narrower image keeps its size.
/// \throws std::runtime_error if the image can't be read or has another format, and if the thumbnail can't be written
void make_thumbnail(const std::filesystem::path& image, const std::filesystem::path& thumbnail, std::size_t width);
