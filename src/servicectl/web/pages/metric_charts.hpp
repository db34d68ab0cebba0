#pragma once

#include <vector>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns the charts in three groups: metrics of the application, of its process, and of servicekit.
[[nodiscard]] Html metric_charts(const std::vector<MetricChart>& metrics);

}  // namespace servicekit::servicectl::web
