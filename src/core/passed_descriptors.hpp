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

    /// Takes over the sockets from the service manager. The application's sockets are added to the instance.
    std::optional<Error> take_over_sockets();
    /// Returns the descriptors of all sockets.
    [[nodiscard]] const std::vector<int>& sockets() const noexcept { return sockets_; }
    /// Returns the descriptor of the control socket, if there is one.
    [[nodiscard]] std::optional<int> control_socket() const noexcept { return control_socket_; }

    // Claimed descriptors are added to the instance's deployment, so they stay open in the background.
    /// Claims the descriptor that the setting ready-fd names. May be called more than once.
    std::optional<Error> claim_ready(const Settings& settings);
    std::optional<Error> claim_named(const Settings& settings);

    /// Writes a newline to the descriptor of ready-fd and closes it.
    void report_ready();
    /// Closes that descriptor if nothing was written, because the start has failed.
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
