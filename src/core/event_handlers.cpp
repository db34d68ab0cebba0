#include "core/event_handlers.hpp"

#include <cstdint>
#include <functional>
#include <utility>

#include "core/built_in_events.hpp"
#include "core/caught_exception.hpp"
#include "core/event_log.hpp"
#include "servicekit/core/call_error.hpp"

namespace servicekit {

Handler EventHandlers::of(const EventDeclaration& event) {
    const BuiltInEvent* const row = built_in_of(event);
    if (event.handler && !is(row, BuiltIn::load))
        return is(row, BuiltIn::reload) ? alone(as_reload(event.handler)) : event.handler;
    const auto runs = [](const std::function<void()>& hook) -> Handler {
        return [&hook](const Arguments&, Context&) {
            hook();
            return Reply{};
        };
    };
    switch (row->id) {
        case BuiltIn::start:
            return runs(program_.on_start);
        case BuiltIn::stop:
            return runs(program_.on_stop);
        case BuiltIn::kill:
            return runs(program_.on_kill);
        case BuiltIn::status:
            return [this](const Arguments&, Context&) { return status_.ask(); };
        case BuiltIn::load:
            return [this](const Arguments& arguments, Context& context) {
                if (configuration_.is_loading()) return configuration_.run_on_load();
                return alone([this](const Arguments&, Context&) {
                    return configuration_.load_again(Configuration::Again::load);
                })(arguments, context);
            };
        case BuiltIn::reload:
            return alone(as_reload([this](const Arguments&, Context&) {
                return configuration_.load_again(Configuration::Again::reload);
            }));
        case BuiltIn::cancel:
            return [this](const Arguments& arguments, Context& context) {
                auto done = run_requests_.cancel(arguments.get<std::int64_t>("id"), context.peer());
                if (!done) throw CallError{done.error()};
                return Reply{std::move(*done)};
            };
        case BuiltIn::follow:
            return [](const Arguments&, Context&) -> Reply {
                throw CallError{"event-error", "a handler cannot follow an event", {{"event", "follow"}}};
            };
        default:
            break;
    }
    return [this, id = row->id, name = event.name](const Arguments& arguments, Context&) {
        auto done = replies_.reply(id, arguments);
        if (!done) throw CallError("event-error", done.error().message(), {{"event", name}});
        return Reply{std::move(*done)};
    };
}

[[gnu::hot]] void EventHandlers::run(const std::shared_ptr<QueuedEvent>& run) {
    // Runs the declared handler without a copy, since a copy may own anything that the program gave it.
    const EventDeclaration& event = run->event();
    if (event.handler && !is(run->built_in(), BuiltIn::reload)) return runner_.run(run, event.handler);
    runner_.run(run, of(event));
}

void EventHandlers::run(std::string_view event) {
    const auto found = events_.find(event);
    static_cast<void>(runner_.run_unasked(*found, {}, {}, of(*found)));
}

Handler EventHandlers::alone(Handler handler) {
    return [this, handler = std::move(handler)](const Arguments& arguments, Context& context) {
        struct Pause {
            explicit Pause(EventPool& paused) : pool{paused} { pool.pause(); }
            Pause(const Pause&) = delete;
            Pause& operator=(const Pause&) = delete;
            ~Pause() { pool.resume(); }
            EventPool& pool;
        };
        const Pause pause{pool_};
        // The wait for the pool does not count as time without progress.
        runner_.note_sign();
        return handler(arguments, context);
    };
}

Handler EventHandlers::as_reload(Handler handler) {
    return [this, handler = std::move(handler)](const Arguments& arguments, Context& context) {
        announcements_.reloading();
        state_.begin_reload();
        const auto over = [this](const std::string& fault) {
            state_.end_reload();
            metrics_.reloaded(fault.empty());
            announcements_.reloaded(fault);
        };
        try {
            Reply reply = handler(arguments, context);
            over({});
            EventLog{log_}.reloaded(reply.fields());
            return reply;
        } catch (...) {
            over(describe_current_exception().message);
            throw;
        }
    };
}

}  // namespace servicekit
