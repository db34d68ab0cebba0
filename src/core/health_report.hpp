#pragma once

#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/core/health.hpp"
#include "servicekit/core/metric_family.hpp"

namespace servicekit {

/// Returns the results as `status` shows them.
[[nodiscard]] Value::List health_to_json(const std::vector<HealthResult>& results);

/// Adds the results as metrics, if there are some. A check has no series before its first run has ended.
void add_health(std::vector<MetricFamily>& families, const std::vector<HealthResult>& results);

}  // namespace servicekit
