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

/// Daemon policy that never forks: whoever started the service (a container, a supervisor, a terminal) watches it.
/// Working directory, file mask and standard streams stay what they were.
///
/// As pid 1, in a container, the service adopts every process there whose parent has ended. Then the program's handlers
/// run in a thread of their own, from the start event to the stop event, so that their children are told from adopted
/// ones, which the first thread reaps. What the program waits for by itself, be it with waitpid(2), pclose(3) or
/// system(3), keeps its exit status, however late it waits; but for a child whose thread has ended, or that was forked
/// before the start event: nobody can tell that from an orphan, so it is kept for `orphan_grace` only.
class Foreground final : public DaemonPolicy {
public:
    struct Options {
        /// How long an adopted process that has ended is kept for somebody who may wait for it.
        std::chrono::milliseconds orphan_grace{5'000};
    };

    Foreground();
    explicit Foreground(Options options, const os::Host& host = os::posix_host());

    Result<Role> enter() override;
    Result<void> run_service(const std::function<void()>& body) override;

private:
    Options options_;
    os::Children* children_;
    const os::Clock* clock_;
};

}  // namespace servicekit
