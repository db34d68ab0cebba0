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
#include "core/service_metrics.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_trail.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit {

/// What all threads that run events have in common.
struct RunnerSurroundings {
    /// Wraps every handler: BasicService::handle().
    using Around = std::function<Reply(EventRun&, const std::function<Reply(EventRun&)>& next)>;

    Logger& log;
    const os::Clock& clock;
    os::Threads& threads;
    std::shared_ptr<const Waiting> waiting;
    Runs& runs;
    ServiceMetrics& metrics;
    Around around;
};

/// Runs events on one thread, one at a time. Nested events run at once. Exceptions of handlers are caught only here.
class EventRunner {
public:
    static constexpr int deepest_nesting = 16;

    /// The event that runs, for other threads.
    struct Busy {
        std::string event = {};
        std::chrono::steady_clock::time_point since = {};
        std::chrono::steady_clock::time_point last_sign = {};  ///< of progress; at first the same as `since`
        std::optional<std::chrono::milliseconds> hangs_after = {};
    };

    /// \param surroundings must outlive the runner
    explicit EventRunner(const RunnerSurroundings& surroundings)
        : around_{surroundings},
          end_{std::make_shared<LaterEnd>(LaterEnd{surroundings.runs,
                                                   RunEnd{surroundings.log, surroundings.clock, surroundings.metrics},
                                                   surroundings.waiting})} {}

    /// Sets a function that is called with the progress of every event, even if nobody asked for it. Call before
    /// anything runs.
    void on_progress(Context::ProgressSink sink) { on_progress_ = std::move(sink); }
    /// Sets a function that is called on the runner's thread when an event begins that is not nested. Call before
    /// anything runs.
    void on_begin(std::function<void()> call) { on_begin_ = std::move(call); }
    /// Returns the Context of the innermost event that runs; null if none runs. For the runner's thread.
    [[nodiscard]] const Context* context() const noexcept { return current_; }
    /// Makes the calling thread the runner's thread.
    void adopt_this_thread() noexcept { thread_ = std::this_thread::get_id(); }
    /// Returns true if the caller is a handler of this runner, or was called by one.
    [[nodiscard]] bool is_in_handler() const noexcept { return thread_ == std::this_thread::get_id() && depth_ > 0; }

    /// Runs the event and gives its answer: what `handler` returns, or the error object for what it throws, which is
    /// logged. The handler may choose to answer later.
    void run(const std::shared_ptr<QueuedEvent>& run, const Handler& handler);
    /// Shortest time between two yields of the runner's thread.
    static constexpr std::chrono::microseconds longest_row{200};
    /// Yields after an event of a client without the role operate, if the last yield was at least `longest_row` ago.
    /// This is the time since that yield, not the time that events have run. So the first such event after a pause
    /// yields at once. The control thread may wait for the core of this thread: without yields, many short events of
    /// such clients would delay what operators ask. Call it on the runner's thread after each event.
    void yield_after(const QueuedEvent& run) {
        if (run.peer().role >= ControlRole::operate) return;
        const auto now = around_.clock.steady_now();
        if (now - yielded_at_ < longest_row) return;
        around_.threads.yield();
        yielded_at_ = now;
    }
    /// Does the same as run() for an event that nobody waits for. \throws what the handler throws
    Reply run_unasked(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                      const Handler& handler);

    /// Notes that the running event has made progress. For the runner's thread.
    void note_sign() noexcept { last_sign_.store(around_.clock.steady_now(), std::memory_order_relaxed); }

    [[nodiscard]] std::optional<Busy> busy() const;
    /// Returns the name of the running event; empty if none runs.
    [[nodiscard]] std::string running() const;
    /// Returns true if an event runs. Takes no lock and allocates no memory.
    [[nodiscard]] bool is_busy() const noexcept { return is_busy_.load(std::memory_order_acquire); }
    /// Returns the events that ran last and that run now, for a crash report.
    [[nodiscard]] const os::EventTrail& trail() const noexcept { return trail_; }
    [[nodiscard]] os::EventTrail& trail() noexcept { return trail_; }

private:
    class Running;
    /// \param run its caller gets the progress, too; may be null
    [[nodiscard]] Context::ProgressSink sink(QueuedEvent* run);
    Reply invoke(Running& running, const EventDeclaration& event, const Arguments& arguments, Context& context,
                 const Handler& handler);

    const RunnerSurroundings& around_;
    std::shared_ptr<LaterEnd> end_;
    std::atomic<std::thread::id> thread_;
    Context::ProgressSink on_progress_;
    std::function<void()> on_begin_;
    int depth_ = 0;                                       // for the runner's thread
    const Context* current_ = nullptr;                    // for the runner's thread
    std::chrono::steady_clock::time_point yielded_at_{};  // for the runner's thread
    std::atomic<std::chrono::steady_clock::time_point> last_sign_{std::chrono::steady_clock::time_point{}};
    os::EventTrail trail_;
    mutable std::mutex busy_mutex_;
    Busy busy_;                         ///< guarded by the mutex: the last event that began and was not nested
    std::atomic<bool> is_busy_{false};  ///< that event runs
};

}  // namespace servicekit
