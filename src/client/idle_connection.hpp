#pragma once

#include <chrono>

#include "servicekit/os/clock.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit {

/// Interval between attempts to connect to a service whose backlog is full.
constexpr std::chrono::milliseconds connect_interval{20};

/// Returns true if an idle connection can be used for another request.
/// \param last_used when the last reply arrived
[[nodiscard]] bool is_usable_again(os::LocalConnection& connection, std::chrono::steady_clock::time_point last_used,
                                   const os::Clock& clock);

}  // namespace servicekit
