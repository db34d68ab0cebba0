#include "core/event_runner.hpp"

#include <utility>

#include "base/attempt.hpp"
#include "core/caught_exception.hpp"
#include "core/item_stream.hpp"
#include "core/reply_check.hpp"
#include "servicekit/core/call_error.hpp"

namespace servicekit {

/// Shows which event runs, while it exists. A nested event does not change the name that is shown.
class EventRunner::Running {
public:
    [[gnu::hot]] Running(EventRunner& runner, const EventDeclaration& event, std::chrono::steady_clock::time_point now)
        : runner_{runner} {
        if (runner_.depth_ >= deepest_nesting)
            throw CallError("event-error", "events nested deeper than " + std::to_string(deepest_nesting));
        if (runner_.depth_ == 0) {
            runner_.last_sign_.store(now, std::memory_order_relaxed);
            const std::lock_guard guard{runner_.busy_mutex_};
            runner_.busy_.event = event.name;  // keeps its memory for the next event
            runner_.busy_.since = now;
            runner_.busy_.hangs_after = event.hangs_after;
            runner_.is_busy_.store(true, std::memory_order_release);
        }
        ++runner_.depth_;
        runner_.trail_.begin(event.name, now);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    [[gnu::hot]] ~Running() {
        runner_.trail_.end(failure_.empty() ? outcome_ : failure_, runner_.around_.clock.steady_now());
        if (--runner_.depth_ > 0) return;
        runner_.is_busy_.store(false, std::memory_order_release);
    }

    /// Notifies those who wait of what runs now. Without memory for that, they still get their answers.
    void notify() const {
        if (runner_.depth_ == 1 && runner_.on_begin_) static_cast<void>(attempt(runner_.on_begin_));
    }
    void succeeded() { outcome_ = "ok"; }
    /// \pre called within a catch block
    void failed() { failure_ = "failed: " + describe_current_exception().message; }

private:
    EventRunner& runner_;
    std::string_view outcome_ = "ended by the end of its thread";
    std::string failure_;
};

[[gnu::hot]] void EventRunner::run(const std::shared_ptr<QueuedEvent>& run, const Handler& handler) {
    Runs& runs = around_.runs;
    const auto now = around_.clock.steady_now();
    run->set_began_at(now);
    around_.metrics.event_begins(now - run->asked_at());
    runs.begin(run);
    /// Ends the run in any case, because a stop waits for it.
    struct Open {
        Runs& runs;
        const std::shared_ptr<QueuedEvent>& run;
        const std::shared_ptr<LaterEnd>& end;
        std::shared_ptr<LaterRun> later = {};  ///< set if the event is answered later
        bool has_left = false;
        /// The event stops counting as running before the answer is sent: the client may ask for the status at once.
        void leave() {
            if (!std::exchange(has_left, true)) runs.leave(*run);
        }
        ~Open() {
            if (later) {
                later->handler_returned();
                return;
            }
            leave();
            runs.over();
        }
        PendingReply begin_later() {
            if (runs.are_full()) throw ErrorReply{"too many events run already", {{"limit", Runs::limit}}, "busy"};
            later = std::make_shared<LaterRun>(run, end);
            return PendingReply{later};
        }
    } open{runs, run, end_};
    Reply reply;
    try {
        Running running{*this, run->event(), now};
        running.notify();
        run->begin();
        Context::LaterReply later_reply;
        if (run->built_in() == nullptr) later_reply = [&open] { return open.begin_later(); };
        Context::ItemSink items;
        if (run->event().concurrent) {
            items = [this, &run](const Object& item) {
                // A client that reads slowly is not a handler that hangs.
                const bool goes_on = send_item(*run, item, *around_.waiting, [this] { note_sign(); });
                note_sign();
                return goes_on;
            };
        }
        Context context{run->stop_token(), run->deadline(),        run->peer(),     sink(run.get()),
                        *around_.waiting,  std::move(later_reply), std::move(items)};
        reply = invoke(running, run->event(), run->arguments(), context, handler);
    } catch (...) {
        if (open.later) return open.later->fail();
        open.leave();
        return end_->end.fail(*run);
    }
    if (open.later) return;
    open.leave();
    end_->end.succeed(*run, reply.fields());
}

Reply EventRunner::run_unasked(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                               const Handler& handler) {
    Running running{*this, event, around_.clock.steady_now()};
    running.notify();
    // A nested event ends together with the one around it.
    const std::stop_token stop = current_ != nullptr ? current_->stop_token() : around_.runs.stop_token();
    CollectedItems collected;
    Context::ItemSink items;
    if (event.concurrent) {
        items = [&](const Object& item) {
            collect_item(event, item, collected);
            return !stop.stop_requested();
        };
    }
    Context context{stop, std::nullopt, peer, sink(nullptr), *around_.waiting, {}, std::move(items)};
    Reply reply = invoke(running, event, arguments, context, handler);
    return collected.empty() ? reply : Reply{std::move(collected).with(reply.fields())};
}

std::optional<EventRunner::Busy> EventRunner::busy() const {
    const std::lock_guard guard{busy_mutex_};
    if (!is_busy()) return std::nullopt;
    Busy busy = busy_;
    busy.last_sign = last_sign_.load(std::memory_order_relaxed);
    return busy;
}

std::string EventRunner::running() const {
    const std::lock_guard guard{busy_mutex_};
    return is_busy() ? busy_.event : std::string{};
}

[[gnu::hot]] Context::ProgressSink EventRunner::sink(QueuedEvent* run) {
    return [this, run](std::uint64_t done, std::uint64_t total, std::string_view text) {
        last_sign_.store(around_.clock.steady_now(), std::memory_order_relaxed);
        if (on_progress_) on_progress_(done, total, text);
        if (run != nullptr) run->progress(done, total, text);
    };
}

[[gnu::hot]] Reply EventRunner::invoke(Running& running, const EventDeclaration& event, const Arguments& arguments,
                                       Context& context, const Handler& handler) {
    EventRun occurrence{event.name, arguments, context};
    struct Current {
        const Context*& current;
        const Context* const outer;
        ~Current() { current = outer; }
    } const innermost{current_, std::exchange(current_, &context)};
    try {
        Reply reply = expressible(event, around_.around(occurrence, [&handler](EventRun& inner) {
            return handler(inner.arguments(), inner.context());
        }));
        running.succeeded();
        return reply;
    } catch (...) {
        running.failed();
        throw;
    }
}

}  // namespace servicekit
