#pragma once

#include <optional>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns a bar; one that only moves if the share is unknown.
/// \param label what a screen reader calls it
[[nodiscard]] Html progress_bar(const std::optional<double>& percent, const std::string& label);

/// Returns the event that a service is busy with, and how far it is; empty if there is none.
[[nodiscard]] Html busy_with(const ServiceLine& line);

}  // namespace servicekit::servicectl::web
