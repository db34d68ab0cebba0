#pragma once

#include <servicekit/core/event.hpp>

#include <filesystem>

/// Copies the files of a directory into another one, and reports each to the context.
/// A new copy replaces an old one only when it is complete. The copies belong to their owner alone, and no symbolic
/// link is followed.
/// \returns the number of files and of bytes \throws std::exception, also when the service stops
servicekit::Reply back_up(const std::filesystem::path& from, const std::filesystem::path& to,
                          const servicekit::Context& context);
