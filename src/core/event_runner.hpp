#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "core/queued_event.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/event_trail.hpp"

namespace servicekit {

/// Runs events on the event thread: one at a time, nested ones at once, exceptions caught in this one place.
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

    /// What surrounds every handler: BasicService::handle().
    using Around = std::function<Reply(EventRun&, const std::function<Reply(EventRun&)>& next)>;

    EventRunner(Logger& log, const os::Clock& clock, Around around)
        : log_{&log}, clock_{&clock}, around_{std::move(around)} {}

    /// Called with the progress of every event, also where nobody asked for it. Set before anything runs.
    void on_progress(Context::ProgressSink sink) { on_progress_ = std::move(sink); }
    /// Called on the event thread when an event has begun that is not nested in another. Set before anything runs.
    void on_begin(std::function<void()> call) { on_begin_ = std::move(call); }
    /// Has Context::wait_for() sleep by this. Set before anything runs.
    void wait_by(std::function<std::unique_ptr<os::Parking>()> make_parking);
    /// As Context::progress() of the innermost event that runs; nothing where none does. From the event thread.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text) const {
        if (current_ != nullptr) current_->progress(done, total, text);
    }
    /// From here on the calling thread is the event thread.
    void adopt_this_thread() noexcept { thread_ = std::this_thread::get_id(); }
    /// Whether the caller is a handler, or called by one.
    [[nodiscard]] bool is_in_handler() const noexcept { return thread_ == std::this_thread::get_id() && depth_ > 0; }

    /// Runs it and gives its answer: what `handler` returns, or the error object for what it throws, which is logged.
    void run(QueuedEvent& run, const Handler& handler);
    /// The same for an event that nobody waits for: what it throws is rethrown.
    Reply run_unasked(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                      const Handler& handler);

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

    /// The stop token of every run that has begun or will begin.
    void request_stop() { stop_.request_stop(); }

private:
    class Running;
    /// \param run whose caller wants to know, too; may be null
    [[nodiscard]] Context::ProgressSink sink(QueuedEvent* run);
    /// \throws ErrorReply for a reply that JSON can't express. The status goes without such fields, and names them.
    [[nodiscard]] Reply expressible(const EventDeclaration& event, Reply reply) const;
    [[nodiscard]] const Context::Waiting* waiting() const noexcept { return waiting_ ? &waiting_ : nullptr; }
    Reply invoke(Running& running, const EventDeclaration& event, const Arguments& arguments, Context& context,
                 const Handler& handler);

    Logger* log_;
    const os::Clock* clock_;
    Around around_;
    std::atomic<std::thread::id> thread_;
    Context::ProgressSink on_progress_;
    std::function<void()> on_begin_;
    Context::Waiting waiting_;
    int depth_ = 0;                     // the event thread's own
    const Context* current_ = nullptr;  // the same
    std::atomic<std::chrono::steady_clock::time_point> last_sign_{std::chrono::steady_clock::time_point{}};
    std::stop_source stop_;
    os::EventTrail trail_;
    mutable std::mutex busy_mutex_;
    std::optional<Busy> busy_;
};

/// The name of the type of the exception that is being handled, as in the source; and what it says.
struct CaughtException {
    std::string type;
    std::string message;
    std::string code = "event-error";  ///< of the error reply
    Object fields = {};                ///< more of what it says: an ErrorReply's own

    /// What a client gets for it, of an event of this name.
    [[nodiscard]] Object as_error(const std::string& event) const;
};
/// Throws again what is no failure: the end of the thread, or of a fake process.
/// \pre called within a catch block.
[[nodiscard]] CaughtException describe_current_exception();

}  // namespace servicekit
