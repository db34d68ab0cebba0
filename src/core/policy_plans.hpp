#pragma once

#include "servicekit/core/settings.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// What somebody set for the log policy; the rest is empty.
[[nodiscard]] LogPlan log_plan(const Settings& settings);
/// What somebody set for the control policy; the rest is empty.
[[nodiscard]] ControlAccess control_access(const Settings& settings);

/// The other way round: what the policies use, by the names of the settings.
[[nodiscard]] Object settings_of(const LogPlan& log, const ControlAccess& control);

}  // namespace servicekit
