#pragma once

#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/metric_family.hpp"

namespace servicekit {

/// Returns the reply of the event `metrics`. docs/protocol.md describes it.
[[nodiscard]] Object metrics_to_json(const std::vector<MetricFamily>& families);
/// Returns what metrics_to_json() was given. \returns an error if the reply is not one of `metrics`
[[nodiscard]] Result<std::vector<MetricFamily>> metrics_from_json(const Object& reply);

}  // namespace servicekit
