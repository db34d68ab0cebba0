#pragma once

#include <string>
#include <vector>

#include "servicekit/core/metric_family.hpp"

namespace servicekit {

/// The text formats of monitoring systems.
enum class MetricsFormat {
    prometheus,   ///< text/plain; version=0.0.4
    openmetrics,  ///< application/openmetrics-text; version=1.0.0
};

/// Returns a whole page in the format.
[[nodiscard]] std::string metrics_text(const std::vector<MetricFamily>& families, MetricsFormat format);

}  // namespace servicekit
