#pragma once

#include <string_view>

/// The files style.css, page.js and icon.svg of this directory, which CMake turns into texts.
namespace servicekit::servicectl::web::asset_text {

extern const std::string_view icon;
extern const std::string_view page;
extern const std::string_view style;

}  // namespace servicekit::servicectl::web::asset_text
