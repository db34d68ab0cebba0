#pragma once

#include <string>

#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns the page that asks for a token.
/// \param message why the last token was refused; empty if there was none
/// \param next the path of the page that the user wanted to see
[[nodiscard]] std::string login_page(const Frame& frame, const std::string& message, const std::string& next);

}  // namespace servicekit::servicectl::web
