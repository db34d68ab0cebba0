#pragma once

#include <cstddef>
#include <filesystem>

/// Makes a small image from a large one. Both have the format PPM (P6, 8 bits per colour). The new file gets its name
/// only when it is complete.
/// \param width in pixels; a narrower image keeps its size
/// \throws std::runtime_error if the image can't be read or has another format, or if the thumbnail can't be written
void make_thumbnail(const std::filesystem::path& image, const std::filesystem::path& thumbnail, std::size_t width);
