#pragma once

#include <span>
#include <string_view>

#include "servicectl/web/pages/html.hpp"

namespace servicekit::servicectl::web {

/// A file that the pages load.
struct Asset {
    std::string_view path;  ///< "/style.css"
    std::string_view content;
    std::string_view type;  ///< for the header Content-Type
};

[[nodiscard]] const Asset& style();
[[nodiscard]] const Asset& script();
[[nodiscard]] const Asset& icon();
[[nodiscard]] std::span<const Asset> assets();

/// Returns its path with a query that changes with the content, so that browsers may keep the file for ever.
[[nodiscard]] Url url_of(const Asset& asset);

}  // namespace servicekit::servicectl::web
