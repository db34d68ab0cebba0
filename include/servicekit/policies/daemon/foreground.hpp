#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// Daemon policy that never forks. The parent of the service (a container, a supervisor, a terminal) watches it.
/// Working directory, file mask and standard streams stay unchanged.
///
/// As pid 1 in a container, the service adopts every process there whose parent has ended. Then the handlers run in a
/// thread of their own, from the start event to the stop event, and the first thread reaps the adopted processes. So
/// the children of the handlers are distinct from the adopted ones: a child that the program waits for, with
/// waitpid(2), pclose(3) or system(3), keeps its exit status however late the program waits. An exception is a child
/// whose thread has ended, or that was forked before the start event. It cannot be distinguished from an orphan, so it
/// is kept for `orphan_grace` only.
class Foreground final : public DaemonPolicy {
public:
    /// The options. Each has a default.
    struct Options {
        /// How long an adopted process that has ended is kept, in case the program waits for it. Default: 5 s. Raise it
        /// if the program waits even later for children whose thread has ended.
        std::chrono::milliseconds orphan_grace{5'000};
    };

    Foreground();
    /// \param host the operating system; tests pass fakes
    explicit Foreground(Options options, const os::Host& host = os::posix_host());

    Result<Role> enter() override;
    Result<void> run_service(const std::function<void()>& body) override;

private:
    Options options_;
    os::Children* children_;
    const os::Clock* clock_;
};

}  // namespace servicekit
