#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/paths.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/listen_socket.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// The facts of this instance of a service. They are set before the control thread exists, and only read after that.
struct Instance {
    ServiceOptions options;
    Paths paths = {};
    Deployment deployment = {};
    std::vector<os::ListenSocket> listen_sockets = {};  ///< the application's; not the control socket
    pid_t pid = 0;
    std::chrono::steady_clock::time_point started_at = {};
    std::chrono::system_clock::time_point started_at_system = {};
    std::string started_at_text = {};  ///< RFC 3339
};

}  // namespace servicekit
