#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "core/event_run.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit {

/// Runs events on the event thread: one at a time, nested ones at once, exceptions caught in this one place.
class EventRunner {
public:
    static constexpr int deepest_nesting = 16;

    /// What runs, for those who look from another thread.
    struct Busy {
        std::string event;
        std::chrono::steady_clock::time_point since;
    };

    /// What surrounds every handler: BasicService::handle().
    using Around = std::function<Reply(Event&, const std::function<Reply(Event&)>& next)>;

    EventRunner(Logger& log, const os::Clock& clock, Around around)
        : log_{&log}, clock_{&clock}, around_{std::move(around)} {}

    /// From here on the calling thread is the event thread.
    void adopt_this_thread() noexcept { thread_ = std::this_thread::get_id(); }
    /// Whether the caller is a handler, or called by one.
    [[nodiscard]] bool is_in_handler() const noexcept { return thread_ == std::this_thread::get_id() && depth_ > 0; }

    /// Runs it and gives its answer: what `handler` returns, or the error object for what it throws, which is logged.
    void run(EventRun& run, const Handler& handler);
    /// The same for an event that nobody waits for: what it throws is rethrown.
    Reply run_unasked(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                      const Handler& handler);

    [[nodiscard]] std::optional<Busy> busy() const;

    /// The stop token of every run that has begun or will begin.
    void request_stop() { stop_.request_stop(); }

private:
    class Running;
    Reply invoke(const EventDeclaration& event, const Arguments& arguments, Context& context, const Handler& handler);

    Logger* log_;
    const os::Clock* clock_;
    Around around_;
    std::thread::id thread_;
    int depth_ = 0;  // the event thread's own
    std::stop_source stop_;
    mutable std::mutex busy_mutex_;
    std::optional<Busy> busy_;
};

/// The name of the type of the exception that is being handled, as in the source; and what it says.
struct CaughtException {
    std::string type;
    std::string message;
};
/// Throws again what is no failure: the end of the thread, or of a fake process.
/// \pre called within a catch block.
[[nodiscard]] CaughtException describe_current_exception();

}  // namespace servicekit
