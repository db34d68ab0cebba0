#pragma once

#include <string>

#include "cli/dialect.hpp"
#include "servicekit/core/service_options.hpp"

namespace servicekit::cli {

/// Returns how to call the program, and its verbs.
[[nodiscard]] std::string usage_text(const ServiceOptions& about, const Dialect& dialect);
/// Returns the same with the description and the options of all verbs.
[[nodiscard]] std::string help_text(const ServiceOptions& about, const Dialect& dialect);
/// Returns for example "just-another-server 1.0 (servicekit 0.1.0)".
[[nodiscard]] std::string version_text(const ServiceOptions& about);

}  // namespace servicekit::cli
