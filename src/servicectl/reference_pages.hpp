#pragma once

#include <string_view>

/// Further pages of docs/ in Markdown, as in cli/man/reference_pages.hpp. Only the man pages of servicectl need them.
namespace servicekit::servicectl::reference_page {

extern const std::string_view environment;
extern const std::string_view servicectl;
extern const std::string_view settings;
extern const std::string_view states;
extern const std::string_view verbs;

}  // namespace servicekit::servicectl::reference_page
