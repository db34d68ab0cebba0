#pragma once

#include <string>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns the page of an event that was requested from a page.
[[nodiscard]] std::string run_page(const Frame& frame, const ServiceLine& line, const RunView& run);

/// Returns true if the run has ended.
[[nodiscard]] bool has_ended(const RunView& run);

/// The element of the run on its own page, and its id.
[[nodiscard]] Html run_in_full(const RunView& run);
[[nodiscard]] std::string id_in_full(const RunView& run);

}  // namespace servicekit::servicectl::web
