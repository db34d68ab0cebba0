#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "servicectl/web/pages/html.hpp"

namespace servicekit::servicectl::web {

/// The size of a chart in its own units. The style sheet decides how large it is shown.
struct ChartShape {
    std::size_t width = 100;
    std::size_t height = 24;
    std::size_t slots = 60;  ///< number of values that fill the width
};

/// The range of values that a chart shows. It includes 0, so that a small change of a large number looks small.
struct ChartRange {
    double lowest = 0;
    double highest = 0;
};
[[nodiscard]] ChartRange range_of(const std::vector<double>& values);

/// Returns a line with the area below it, as SVG. The newest value is at the right edge. A value that is not finite is
/// a gap. Only the last `slots` values are shown.
/// \param label what a screen reader says; empty: the chart repeats what a text beside it says, and is skipped
[[nodiscard]] Html chart(const std::vector<double>& values, const ChartShape& shape, const std::string& label);

}  // namespace servicekit::servicectl::web
