#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/queued_event.hpp"

namespace servicekit {

/// The events that were asked for and have begun: on the handlers' thread, on the pool, and those that are answered later.
/// Thread-safe.
class Runs {
public:
    using Run = std::shared_ptr<QueuedEvent>;

    /// \param on_over called when a run is over that a stop may wait for
    explicit Runs(std::function<void()> on_over) : on_over_{std::move(on_over)} {}

    /// How many may run at a time: those that are answered later have no thread that would limit them.
    static constexpr std::size_t limit = 1024;

    /// \pre it will leave(), and then be over()
    void begin(Run run);
    /// Whether more run than may, the caller's among them.
    [[nodiscard]] bool are_full() const;
    /// It runs no more, and will be answered. Whoever reads the answer does not find it here.
    void leave(const QueuedEvent& run);
    /// It was answered, and nobody does anything for it any more.
    void over();

    /// The oldest first.
    [[nodiscard]] std::vector<Run> all() const;
    /// \returns null if none that runs has the id
    [[nodiscard]] Run find(std::uint64_t id) const;
    /// Whether nothing runs, and all is answered.
    [[nodiscard]] bool are_over() const;
    /// "'upload', 'scan'", a few of them; empty if nothing runs.
    [[nodiscard]] std::string names() const;

    /// Asks all to end: those that run, and those that will begin. Calls their stop callbacks. Takes no memory.
    void request_stop() noexcept;
    /// Asks one to end. \param by who, in words
    static void cancel(QueuedEvent& run, const std::string& by);
    /// Whether the caller is a stop callback, so that the thread that serves the control socket waits for it.
    [[nodiscard]] static bool is_in_stop_callback() noexcept;
    /// The token of the service itself, which request_stop() serves.
    [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_.get_token(); }

private:
    std::function<void()> on_over_;
    std::stop_source stop_;
    mutable std::mutex mutex_;
    std::vector<Run> running_;
    std::size_t open_ = 0;  ///< that are not over
};

}  // namespace servicekit
