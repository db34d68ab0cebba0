#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace servicekit::servicectl::web {

/// What a browser would not forgive or a screen reader would miss, in a page or a part of one: elements that are not
/// closed in order, an id that occurs twice, a reference to an id that does not exist, an input without a label, an
/// attribute with code, an element that the Content-Security-Policy refuses.
[[nodiscard]] std::vector<std::string> faults_of(std::string_view markup);

/// The text of the page, without its elements and with its entities replaced.
[[nodiscard]] std::string text_in(std::string_view markup);

}  // namespace servicekit::servicectl::web
