#pragma once

#include <optional>

#include "servicekit/base/error.hpp"

namespace servicekit {

/// What went wrong when a verb that talks to a running service loaded its settings. They are used as far as they are
/// right; what they tolerate, LayeredSettings::tolerated() has in words.
struct ClientLoad {
    /// The config file can't be read or parsed, or a key in it that says where the service is, is wrong. Then nothing in it
    /// is used, and the load event is not run.
    std::optional<Error> config_fault = {};
    /// The load event failed. What it had set by then is in the settings.
    std::optional<Error> event_fault = {};
};

}  // namespace servicekit
