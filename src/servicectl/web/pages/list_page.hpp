#pragma once

#include <string>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns the page of all services.
[[nodiscard]] std::string list_page(const ListView& view);

/// The parts of the page that change. Each is an element with the id of its name.
struct ListParts {
    Html counts;    ///< how many services there are in each condition
    Html services;  ///< the rows
    Html notes;     ///< why there are no services, or not all
};
[[nodiscard]] ListParts list_parts(const ListView& view);

}  // namespace servicekit::servicectl::web
