#pragma once

#include <optional>
#include <vector>

#include "core/instance.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// The descriptors that a service inherits from the process that starts it: listening sockets, the one on which it
/// reports its readiness, and those that the log or a stream names as /dev/fd/5.
class PassedDescriptors {
public:
    PassedDescriptors(Instance& instance, const os::Host& host, Logger& log)
        : instance_{instance}, host_{host}, log_{log} {}

    /// Takes over what the service manager passes. The application's sockets go to the instance.
    std::optional<Error> take_over_sockets();
    /// All descriptors of the sockets.
    [[nodiscard]] const std::vector<int>& sockets() const noexcept { return sockets_; }
    /// The one of them that is the control socket.
    [[nodiscard]] std::optional<int> control_socket() const noexcept { return control_socket_; }

    // Those that are claimed are kept by the deployment, which is the instance's.
    /// The one that the setting ready-fd names. Any number of times.
    std::optional<Error> claim_ready(const Settings& settings);
    std::optional<Error> claim_named(const Settings& settings);

    /// Writes a newline to the one for the readiness, and closes it.
    void report_ready();
    /// Closes it if nothing was written: the start has failed.
    void close_ready() noexcept;

private:
    std::optional<Error> claim(int descriptor, const char* action);

    Instance& instance_;
    const os::Host& host_;
    Logger& log_;
    std::vector<int> sockets_;
    std::optional<int> control_socket_;
    std::optional<int> ready_;
};

}  // namespace servicekit
