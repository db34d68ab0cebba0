#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "core/later_run.hpp"
#include "core/queued_event.hpp"
#include "core/run_end.hpp"
#include "core/runs.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_trail.hpp"

namespace servicekit {

/// What every thread that runs events has in common.
struct RunnerSurroundings {
    /// What surrounds every handler: BasicService::handle().
    using Around = std::function<Reply(EventRun&, const std::function<Reply(EventRun&)>& next)>;

    Logger& log;
    const os::Clock& clock;
    std::shared_ptr<const Waiting> waiting;
    Runs& runs;
    Around around;
};

/// Runs events on one thread: one at a time, nested ones at once, exceptions caught in this one place.
class EventRunner {
public:
    static constexpr int deepest_nesting = 16;

    /// What runs, for those who look from another thread.
    struct Busy {
        std::string event;
        std::chrono::steady_clock::time_point since;
        std::chrono::steady_clock::time_point last_sign;  ///< of progress; since then at first
        std::optional<std::chrono::milliseconds> hangs_after;
    };

    /// \param surroundings outlive it
    explicit EventRunner(const RunnerSurroundings& surroundings)
        : around_{surroundings},
          end_{std::make_shared<LaterEnd>(
              LaterEnd{surroundings.runs, RunEnd{surroundings.log, surroundings.clock}, surroundings.waiting})} {}

    /// Called with the progress of every event, also where nobody asked for it. Set before anything runs.
    void on_progress(Context::ProgressSink sink) { on_progress_ = std::move(sink); }
    /// Called on its thread when an event has begun that is not nested in another. Set before anything runs.
    void on_begin(std::function<void()> call) { on_begin_ = std::move(call); }
    /// The Context of the innermost event that runs; null if none does. From its thread.
    [[nodiscard]] const Context* context() const noexcept { return current_; }
    /// From here on the calling thread is its own.
    void adopt_this_thread() noexcept { thread_ = std::this_thread::get_id(); }
    /// Whether the caller is a handler that it runs, or called by one.
    [[nodiscard]] bool is_in_handler() const noexcept { return thread_ == std::this_thread::get_id() && depth_ > 0; }

    /// Runs it and gives its answer: what `handler` returns, or the error object for what it throws, which is logged.
    /// The answer comes later if the handler has said so.
    void run(const std::shared_ptr<QueuedEvent>& run, const Handler& handler);
    /// The same for an event that nobody waits for: what it throws is rethrown.
    Reply run_unasked(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                      const Handler& handler);

    /// What runs has shown a sign of progress. From its thread.
    void note_sign() noexcept { last_sign_.store(around_.clock.steady_now(), std::memory_order_relaxed); }

    [[nodiscard]] std::optional<Busy> busy() const;
    /// The name of what runs; empty if nothing does.
    [[nodiscard]] std::string running() const;
    /// The same in brief, without memory.
    [[nodiscard]] bool is_busy() const {
        const std::lock_guard guard{busy_mutex_};
        return busy_.has_value();
    }
    /// What ran last, and runs now, for a report of a crash.
    [[nodiscard]] const os::EventTrail& trail() const noexcept { return trail_; }
    [[nodiscard]] os::EventTrail& trail() noexcept { return trail_; }

private:
    class Running;
    /// \param run whose caller wants to know, too; may be null
    [[nodiscard]] Context::ProgressSink sink(QueuedEvent* run);
    Reply invoke(Running& running, const EventDeclaration& event, const Arguments& arguments, Context& context,
                 const Handler& handler);

    const RunnerSurroundings& around_;
    std::shared_ptr<LaterEnd> end_;
    std::atomic<std::thread::id> thread_;
    Context::ProgressSink on_progress_;
    std::function<void()> on_begin_;
    int depth_ = 0;                     // its thread's own
    const Context* current_ = nullptr;  // the same
    std::atomic<std::chrono::steady_clock::time_point> last_sign_{std::chrono::steady_clock::time_point{}};
    os::EventTrail trail_;
    mutable std::mutex busy_mutex_;
    std::optional<Busy> busy_;
};

}  // namespace servicekit
