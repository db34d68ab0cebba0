#pragma once

#include "servicekit/core/settings.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// Returns what the settings have for the log policy. Members that are not set are empty.
[[nodiscard]] LogPlan log_plan(const Settings& settings);
/// Returns what the settings have for the control policy. Members that are not set are empty.
[[nodiscard]] ControlAccess control_access(const Settings& settings);

/// Returns what the settings have for the second level of the lock. Members that are not set are empty, and paths are as
/// they were set.
[[nodiscard]] ClusterPlan cluster_plan(const Settings& settings);

/// Does the reverse: returns what the policies use, by the names of the settings.
[[nodiscard]] Object settings_of(const LogPlan& log, const ControlAccess& control, const ClusterPlan& cluster);

}  // namespace servicekit
