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

/// Tells the daemon policy again and again that the service is alive, where that asks for it, and does not while an
/// event hangs. For the loop's thread only. Where nobody asks there is no timer, and nothing wakes the service.
class Heartbeat {
public:
    Heartbeat(const EventRunner& runner, const EventPool& pool, const TimeLimits& limits, Announcements& announcements,
              const os::Clock& clock, Logger& log)
        : runner_{runner}, pool_{pool}, limits_{limits}, announcements_{announcements}, clock_{clock}, log_{log} {}

    /// \pre the loop exists and does not turn yet.
    void arm(os::EventLoop& loop) { timer_ = loop.timer(); }
    /// From the service's readiness on.
    void start(std::chrono::milliseconds interval);

private:
    void beat();
    /// Whether an event has run longer than it may without a sign of progress.
    [[nodiscard]] bool event_hangs();
    /// How long it has shown no sign of progress, if that is too long.
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
