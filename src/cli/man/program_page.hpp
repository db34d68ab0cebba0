#pragma once

#include <string>

#include "cli/dialect.hpp"
#include "servicekit/core/service_options.hpp"

namespace servicekit::cli {

/// Returns the man page of a service program, in section 1. It has what --help shows, and more about each.
/// \param date see date_of_page()
[[nodiscard]] std::string program_page(const ServiceOptions& about, const Dialect& dialect, const std::string& date);

}  // namespace servicekit::cli
