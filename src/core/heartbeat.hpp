#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/announcements.hpp"
#include "core/event_pool.hpp"
#include "core/event_runner.hpp"
#include "core/time_limits.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit {

/// Notifies the daemon policy regularly that the service is alive, if the policy wants that, but not while an event
/// hangs. If the policy does not want it, there is no timer, and nothing wakes the service. For the loop's thread only.
class Heartbeat {
public:
    Heartbeat(const EventRunner& runner, const EventPool& pool, const TimeLimits& limits, Announcements& announcements,
              const os::Clock& clock, Logger& log)
        : runner_{runner}, pool_{pool}, limits_{limits}, announcements_{announcements}, clock_{clock}, log_{log} {}

    /// \pre the loop exists and does not run yet
    void arm(os::EventLoop& loop) { timer_ = loop.timer(); }
    /// Starts the notifications. Call when the service is ready.
    void start(std::chrono::milliseconds interval);

private:
    void beat();
    /// Returns true if an event has run longer than it may without a sign of progress.
    [[nodiscard]] bool event_hangs();
    /// Returns how long the event has shown no sign of progress, if that is too long.
    [[nodiscard]] std::optional<std::chrono::seconds> silence_of(const EventRunner::Busy& busy) const;

    const EventRunner& runner_;
    const EventPool& pool_;
    const TimeLimits& limits_;
    Announcements& announcements_;
    const os::Clock& clock_;
    Logger& log_;
    std::unique_ptr<os::Timer> timer_;
    std::chrono::milliseconds interval_{0};
    std::string hung_;  ///< the event that hung at the last beat
};

}  // namespace servicekit
