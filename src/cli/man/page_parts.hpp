#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/man/markdown.hpp"
#include "cli/man/roff.hpp"
#include "cli/verb_options.hpp"
#include "servicekit/os/environment.hpp"

namespace servicekit::cli {

/// Returns the date for a man page: the day of $SOURCE_DATE_EPOCH, which builds set to be reproducible. Empty if it is
/// not set: the same program prints the same page on each day.
[[nodiscard]] std::string date_of_page(const os::Environment& environment);

/// Returns for example "servicectl(1)", with its fonts.
[[nodiscard]] Roff reference(std::string_view page, int section);
/// Returns an option with its fonts, for example "-n, --lines N".
[[nodiscard]] Roff term_of(const OptionDescription& option);
/// Returns the arguments of a verb for its usage, each with a blank before it: " EVENT [ARGUMENT...]".
[[nodiscard]] Roff usage_of(const std::vector<ArgumentDescription>& arguments);
/// Adds an item for each argument.
void add_arguments(ManPage& page, const std::vector<ArgumentDescription>& arguments);
/// Adds an item for each option.
void add_options(ManPage& page, const std::vector<OptionDescription>& options);
/// Adds an item for each exit code.
void add_exit_codes(ManPage& page, const NameOfPage& name_of_page = {});

}  // namespace servicekit::cli
