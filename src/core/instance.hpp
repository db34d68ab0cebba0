#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/paths.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/listen_socket.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// What a start has found of earlier lives of the service in this place.
struct EarlierLives {
    std::uint64_t starts = 0;        ///< including this one, as far as records go back; 0 if there is no record
    std::uint64_t unclean_ends = 0;  ///< lives that ended without releasing the lock
    std::optional<std::chrono::steady_clock::duration> last_stop = {};  ///< how long the stop of the last life took
    std::optional<std::size_t> crash_reports = {};                      ///< in the crash directory
};

/// The facts of this instance of a service. They are set before the control thread exists, and only read after that.
struct Instance {
    ServiceOptions options;
    Paths paths = {};
    Deployment deployment = {};
    std::vector<os::ListenSocket> listen_sockets = {};  ///< the application's; not the control socket
    EarlierLives earlier_lives = {};
    pid_t pid = 0;
    std::chrono::steady_clock::time_point started_at = {};
    std::chrono::system_clock::time_point started_at_system = {};
    std::string started_at_text = {};  ///< RFC 3339
};

}  // namespace servicekit
