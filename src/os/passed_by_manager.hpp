#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/service_manager.hpp"

/// Both readings of what the service manager leaves in the environment: by libsystemd, in builds that have it, and our
/// own. They do the same; see ServiceManager for what. Where libsystemd was there for the build and is not where the
/// program runs, the first is the second.
namespace servicekit::os {

Result<std::vector<ListenSocket>> take_listen_sockets_by_ourselves();
std::optional<std::chrono::microseconds> take_watchdog_by_ourselves();

#ifdef SERVICEKIT_HAS_LIBSYSTEMD
Result<std::vector<ListenSocket>> take_listen_sockets_by_libsystemd();
std::optional<std::chrono::microseconds> take_watchdog_by_libsystemd();
#endif

}  // namespace servicekit::os
