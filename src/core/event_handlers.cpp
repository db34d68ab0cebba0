#include "core/event_handlers.hpp"

#include <functional>
#include <optional>
#include <utility>

#include "core/built_in_events.hpp"
#include "core/event_log.hpp"
#include "servicekit/core/call_error.hpp"

namespace servicekit {

Handler EventHandlers::of(const EventDeclaration& event) {
    const std::optional<BuiltIn> built_in = built_in_named(event.name);
    if (event.handler && built_in != BuiltIn::load)
        return built_in == BuiltIn::reload ? as_reload(event.handler) : event.handler;
    const auto runs = [](const std::function<void()>& hook) -> Handler {
        return [&hook](const Arguments&, Context&) {
            hook();
            return Reply{};
        };
    };
    switch (built_in.value()) {
        case BuiltIn::start:
            return runs(program_.on_start);
        case BuiltIn::stop:
            return runs(program_.on_stop);
        case BuiltIn::kill:
            return runs(program_.on_kill);
        case BuiltIn::status:
            return [this](const Arguments&, Context&) { return status_.ask(); };
        case BuiltIn::load:
            return [this](const Arguments&, Context&) {
                if (!configuration_.is_loading()) return configuration_.load_again(Configuration::Again::load);
                return configuration_.run_on_load();
            };
        case BuiltIn::reload:
            return as_reload(
                [this](const Arguments&, Context&) { return configuration_.load_again(Configuration::Again::reload); });
        default:
            break;
    }
    return [this, id = *built_in, name = event.name](const Arguments& arguments, Context&) {
        auto done = replies_.reply(id, arguments);
        if (!done) throw CallError("event-error", done.error().message(), {{"event", name}});
        return Reply{std::move(*done)};
    };
}

void EventHandlers::run(QueuedEvent& run) {
    // The declared handler as it is: a copy of it may own whatever the program gave it.
    const EventDeclaration& event = run.event();
    if (event.handler && built_in_named(event.name) != BuiltIn::reload) return runner_.run(run, event.handler);
    runner_.run(run, of(event));
}

void EventHandlers::run(std::string_view event) {
    const auto found = events_.find(event);
    static_cast<void>(runner_.run_unasked(*found, {}, {}, of(*found)));
}

Handler EventHandlers::as_reload(Handler handler) {
    return [this, handler = std::move(handler)](const Arguments& arguments, Context& context) {
        announcements_.reloading();
        state_.begin_reload();
        const auto over = [this](const std::string& fault) {
            state_.end_reload();
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
