#pragma once

#include <string>

#include "cli/dialect.hpp"
#include "servicekit/core/service_options.hpp"

namespace servicekit::cli {

/// How to call the program, and its verbs.
[[nodiscard]] std::string usage_text(const ServiceOptions& about, const Dialect& dialect);
/// The same with the description and the options of all verbs.
[[nodiscard]] std::string help_text(const ServiceOptions& about, const Dialect& dialect);
/// "just-another-server 1.0 (servicekit 0.1.0)"
[[nodiscard]] std::string version_text(const ServiceOptions& about);

}  // namespace servicekit::cli
