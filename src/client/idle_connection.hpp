#pragma once

#include <chrono>

#include "servicekit/os/clock.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit {

/// How long to wait before connecting again to a service that too many wait for.
constexpr std::chrono::milliseconds connect_interval{20};

/// Whether the service takes another request over a connection on which nothing is awaited.
/// \param last_used when its last reply came
[[nodiscard]] bool is_usable_again(os::LocalConnection& connection, std::chrono::steady_clock::time_point last_used,
                                   const os::Clock& clock);

}  // namespace servicekit
