#pragma once

#include <servicekit/core/event.hpp>

#include <filesystem>

/// Copies the files of a directory into another one, and reports each to the context. A new copy replaces the old one
/// only when it is complete. Only their owner can read the copies. Symbolic links are not followed.
/// \returns the number of files and of bytes \throws std::exception on an error, and if the service stops
servicekit::Reply back_up(const std::filesystem::path& from, const std::filesystem::path& to,
                          const servicekit::Context& context);
