#pragma once

#include <optional>

#include "servicekit/base/error.hpp"

namespace servicekit {

/// The faults that a verb for a running service found when it loaded the settings. The verb uses the settings that are
/// right. LayeredSettings::tolerated() describes the faults that it ignores.
struct ClientLoad {
    /// The config file cannot be read or parsed, or it has a wrong key that names the place of the service. Then
    /// nothing in the file is used, and the load event is not run.
    std::optional<Error> config_fault = {};
    /// The load event failed. The settings contain what it had set before.
    std::optional<Error> event_fault = {};
};

}  // namespace servicekit
