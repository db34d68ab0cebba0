#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "servicectl/web/pages/html.hpp"

namespace servicekit::servicectl::web {

/// Returns a line of a log, with the level as its class if the line has one: text and JSON lines of servicekit.
[[nodiscard]] Html log_line(const std::string& line);

/// Returns the last lines, at most limits::log_lines of them.
[[nodiscard]] Html log_lines(const std::vector<std::string>& lines);

/// Returns a note that lines are missing at this place; nothing if none are.
[[nodiscard]] Html skipped_lines(std::size_t count);

}  // namespace servicekit::servicectl::web
