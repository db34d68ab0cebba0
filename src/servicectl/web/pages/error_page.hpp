#pragma once

#include <string>

#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns the page of a request that failed.
/// \param status of HTTP
[[nodiscard]] std::string error_page(const Frame& frame, int status, const std::string& title, const std::string& text);

}  // namespace servicekit::servicectl::web
