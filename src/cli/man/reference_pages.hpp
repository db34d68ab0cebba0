#pragma once

#include <string_view>

/// Pages of docs/reference/ in Markdown. The build makes their source from these files, which are the only place where
/// some facts about all services are written.
namespace servicekit::cli::reference_page {

extern const std::string_view exit_codes;
extern const std::string_view files;
extern const std::string_view signals;

}  // namespace servicekit::cli::reference_page
