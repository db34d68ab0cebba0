#pragma once

#include <chrono>
#include <memory>

#include "servicekit/os/event_loop.hpp"

namespace servicekit {

class ServiceCore;

/// Tells the daemon policy again and again that the service is alive, where that asks for it, and does not while an
/// event hangs. For the loop's thread only. Where nobody asks there is no timer, and nothing wakes the service.
class Heartbeat {
public:
    explicit Heartbeat(ServiceCore& core) : core_{&core} {}

    /// \pre the loop exists and does not turn yet.
    void arm(os::EventLoop& loop) { timer_ = loop.timer(); }
    /// From the service's readiness on.
    void start(std::chrono::milliseconds interval);

private:
    void beat();
    /// Whether an event has run longer than it may without a sign of progress.
    [[nodiscard]] bool event_hangs();

    ServiceCore* core_;
    std::unique_ptr<os::Timer> timer_;
    std::chrono::milliseconds interval_{0};
    bool hung_ = false;  ///< at the last beat
};

}  // namespace servicekit
