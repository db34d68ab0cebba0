#include "core/event_runner.hpp"

#include <cxxabi.h>

#include <exception>
#include <typeinfo>
#include <utility>

#include "base/demangled.hpp"
#include "core/event_log.hpp"
#include "core/protocol.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/call_error.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit {
CaughtException describe_current_exception() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    std::string name = type != nullptr ? demangled(type->name()) : "unknown";
    try {
        throw;
    } catch (const ErrorReply& failure) {
        const Value* own = failure.fields().find("type");
        if (own != nullptr && own->is_string()) name = own->as_string();
        return {.type = std::move(name), .message = failure.what(), .code = failure.code(), .fields = failure.fields()};
    } catch (const std::exception& error) {
        return {.type = std::move(name), .message = error.what()};
    } catch (const char* text) {
        return {.type = std::move(name), .message = text};
    } catch (const std::string& text) {
        return {.type = std::move(name), .message = text};
    } catch (const abi::__forced_unwind&) {
        throw;  // a thread that is being cancelled can't be kept
    } catch (const os::ProcessExited&) {
        throw;
    } catch (...) {
        return {.type = name, .message = "an exception of type " + name};
    }
}

Object CaughtException::as_error(const std::string& event) const {
    Object error = make_error(code, message, {{"event", event}});
    if (code == "event-error") error.append("type", type);
    for (const auto& [key, value] : fields) error.set(key, value);
    return error;
}

/// Says what runs while it lives; what surrounds a nested event stays named.
class EventRunner::Running {
public:
    Running(EventRunner& runner, const EventDeclaration& event) : runner_{runner} {
        if (runner_.depth_ >= deepest_nesting)
            throw CallError("event-error", "events nested deeper than " + std::to_string(deepest_nesting));
        const auto now = runner_.clock_->steady_now();
        runner_.trail_.begin(event.name, now);
        if (runner_.depth_++ > 0) return;
        runner_.last_sign_.store(now, std::memory_order_relaxed);
        {
            const std::lock_guard guard{runner_.busy_mutex_};
            runner_.busy_ = Busy{.event = event.name, .since = now, .last_sign = now, .hangs_after = event.hangs_after};
        }
        if (runner_.on_begin_) runner_.on_begin_();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        runner_.trail_.end(outcome_, runner_.clock_->steady_now());
        if (--runner_.depth_ > 0) return;
        const std::lock_guard guard{runner_.busy_mutex_};
        runner_.busy_.reset();
    }

    void succeeded() { outcome_ = "ok"; }
    /// \pre called within a catch block.
    void failed() { outcome_ = "failed: " + describe_current_exception().message; }

private:
    EventRunner& runner_;
    std::string outcome_ = "ended by the end of its thread";
};

void EventRunner::wait_by(std::function<std::unique_ptr<os::Parking>()> make_parking) {
    waiting_ = [make = std::move(make_parking)](std::chrono::milliseconds time, const std::stop_token& stop) {
        const auto parking = make();
        const std::stop_callback at_stop{stop, [&parking] { parking->unpark(); }};
        return !parking->park_for(time);
    };
}

void EventRunner::run(QueuedEvent& run, const Handler& handler) {
    Reply reply;
    Object error;
    bool failed = true;
    const auto begin = clock_->steady_now();
    const auto took = [&] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(clock_->steady_now() - begin);
    };
    try {
        Running running{*this, run.event()};
        run.begin();
        Context context{stop_.get_token(), run.deadline(), run.peer(), sink(run.wants_progress() ? &run : nullptr),
                        waiting()};
        reply = invoke(running, run.event(), run.arguments(), context, handler);
        failed = false;
    } catch (const BadArgument& bad) {
        error = bad_argument(run.event().name, bad);
        if (run.logs_outcome()) EventLog{*log_}.failed(run.event().name, bad.what());
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        error = caught.as_error(run.event().name);
        EventLog{*log_}.failed(run.event().name, caught.message + " (" + caught.type + ")");
    }
    // as_reload() says more of a reload.
    if (!failed && run.logs_outcome() && run.event().name != "reload") EventLog{*log_}.done(run.event().name, took());
    // The answer goes out once the event no longer counts as running: who reads it may ask for the status at once.
    if (failed)
        run.fail(error);
    else
        run.succeed(reply.fields());
}

Reply EventRunner::run_unasked(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                               const Handler& handler) {
    Running running{*this, event};
    Context context{stop_.get_token(), std::nullopt, peer, sink(nullptr), waiting()};
    return invoke(running, event, arguments, context, handler);
}

std::optional<EventRunner::Busy> EventRunner::busy() const {
    const std::lock_guard guard{busy_mutex_};
    auto busy = busy_;
    if (busy) busy->last_sign = last_sign_.load(std::memory_order_relaxed);
    return busy;
}

std::string EventRunner::running() const {
    const std::lock_guard guard{busy_mutex_};
    return busy_ ? busy_->event : std::string{};
}

Context::ProgressSink EventRunner::sink(QueuedEvent* run) {
    return [this, run](std::uint64_t done, std::uint64_t total, std::string_view text) {
        last_sign_.store(clock_->steady_now(), std::memory_order_relaxed);
        if (on_progress_) on_progress_(done, total, text);
        if (run != nullptr) run->progress(done, total, text);
    };
}

Reply EventRunner::expressible(const EventDeclaration& event, Reply reply) const {
    const auto fault = find_not_json(reply.fields());
    if (!fault) return reply;
    if (event.name != "status")
        throw ErrorReply("the reply has no form in JSON: '" + fault->pointer + "': " + fault->reason,
                         {{"field", fault->pointer}});
    // Who watches the service by its status still gets the rest of it.
    Object rest;
    Value::List left_out;
    for (const auto& [key, value] : reply.fields()) {
        if (const auto in_field = find_not_json(Object{{key, value}}))
            left_out.emplace_back(in_field->pointer + ": " + in_field->reason);
        else
            rest.append(key, value);
    }
    rest.set("left-out", std::move(left_out));
    return Reply{std::move(rest)};
}

Reply EventRunner::invoke(Running& running, const EventDeclaration& event, const Arguments& arguments, Context& context,
                          const Handler& handler) {
    EventRun occurrence{event.name, arguments, context};
    struct Current {
        const Context*& current;
        const Context* const outer;
        ~Current() { current = outer; }
    } const innermost{current_, std::exchange(current_, &context)};
    try {
        Reply reply = expressible(event, around_(occurrence, [&handler](EventRun& inner) {
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
