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

/// Returns a whole page in the format. Families of the same name that follow each other, such as those of several
/// services, get one TYPE and one HELP line: those of the first family.
[[nodiscard]] std::string metrics_text(const std::vector<MetricFamily>& families, MetricsFormat format);

}  // namespace servicekit
