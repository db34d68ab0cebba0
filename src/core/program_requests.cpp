#include "core/program_requests.hpp"

#include <optional>
#include <string>

#include "core/caught_exception.hpp"
#include "core/protocol.hpp"
#include "servicekit/core/call_error.hpp"

namespace servicekit {
namespace {

CallError not_ready(ServiceState state) {
    const Object error = not_ready_error(state);
    return {"not-ready", error.get<std::string>("message"), error};
}

}  // namespace

std::pair<std::shared_ptr<const EventDeclaration>, Arguments> ProgramRequests::check(std::string_view event,
                                                                                     const Object& arguments) const {
    auto found = events_.find(event);
    if (!found || !is_client_event(event))
        throw CallError("event-not-found", "there is no event '" + std::string{event} + "'", {{"event", event}});
    try {
        Arguments checked = check_arguments(*found, arguments);
        return {std::move(found), std::move(checked)};
    } catch (const BadArgument& bad) {
        throw CallError("bad-argument", bad.what(), {{"event", event}, {"argument", bad.argument()}});
    }
}

EventRunner* ProgramRequests::runner_here() const { return runner_.is_in_handler() ? &runner_ : pool_.runner_here(); }

Reply ProgramRequests::run_nested(EventRunner& runner, std::string_view event, const Object& arguments) {
    auto [found, checked] = check(event, arguments);
    const BuiltInEvent* const row = built_in_of(*found);
    const ServiceState state = state_.now();
    if (state == ServiceState::loading ||
        (state == ServiceState::standby && (row == nullptr || !row->is_served_in(state))))
        throw not_ready(state);
    if (is(row, BuiltIn::stop) || is(row, BuiltIn::kill)) return end(row->id);
    if (is(row, BuiltIn::resign)) return resign(std::move(found), std::move(checked));
    const bool is_core_alone = row != nullptr &&
                               (row->is_done_at_once || row->id == BuiltIn::cancel || row->id == BuiltIn::follow) &&
                               !found->handler;
    if (&runner != &runner_ && !found->concurrent && !is_core_alone)
        throw CallError("event-error",
                        "'" + found->name + "' does not run beside others, and so not within a concurrent event",
                        {{"event", event}});
    try {
        Reply own = runner.run_unasked(*found, checked, self(), handlers_.of(*found));
        return is(row, BuiltIn::status) ? Reply{status_.with(own.fields())} : own;
    } catch (const CallError&) {
        throw;
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        throw CallError(caught.code, caught.message, caught.as_error(std::string{event}));
    }
}

void ProgramRequests::queue(std::string_view event, const Object& arguments, CallbackAnswer::Callback callback) {
    auto [found, checked] = check(event, arguments);
    check_takes_events();
    const BuiltInEvent* const row = built_in_of(*found);
    if (is(row, BuiltIn::stop) || is(row, BuiltIn::kill)) {
        const Reply initiated = end(row->id);
        return callback(&initiated.fields(), nullptr);
    }
    if (is(row, BuiltIn::resign)) {
        const Reply initiated = resign(std::move(found), std::move(checked));
        return callback(&initiated.fields(), nullptr);
    }
    // Queued behind the event that it cancels, it would be useless.
    if (is(row, BuiltIn::cancel)) {
        const auto done = run_requests_.cancel(checked.get<std::int64_t>("id"), self());
        return done ? callback(&*done, nullptr) : callback(nullptr, &done.error().fields());
    }
    if (is(row, BuiltIn::follow)) {
        const auto follower = std::make_shared<QueuedEvent>(std::move(found), std::move(checked), self(),
                                                            std::make_unique<CallbackAnswer>(std::move(callback)));
        const auto refused = run_requests_.follow(follower->arguments().get<std::int64_t>("id"), follower);
        if (refused) follower->fail(refused->fields());
        return;
    }
    if (is(row, BuiltIn::status)) {
        callback = [this, callback = std::move(callback)](const Object* own, const Object* error) {
            if (own == nullptr) return callback(nullptr, error);
            const Object whole = status_.with(*own);
            callback(&whole, nullptr);
        };
    }
    push(std::move(found), std::move(checked), std::move(callback));
}

void ProgramRequests::queue_work(std::string_view what, std::function<void()> work) {
    check_is_no_built_in(what);
    check_takes_events();
    EventDeclaration event{.name = std::string{what}};
    event.handler = [work = std::move(work)](const Arguments&, Context&) {
        work();
        return Reply{};
    };
    push(std::make_shared<const EventDeclaration>(std::move(event)), {}, [](const Object*, const Object*) {});
}

void ProgramRequests::check_takes_events() const {
    const ServiceState now = state_.now();
    if (takes_events(now)) return;
    // What a start queues runs when the service is ready. What a service that stands by queues would never run.
    if (now == ServiceState::standby || runner_here() == nullptr) throw not_ready(now);
}

void ProgramRequests::push(std::shared_ptr<const EventDeclaration> event, Arguments arguments,
                           CallbackAnswer::Callback callback) {
    const bool is_for_pool = event->concurrent;
    const bool is_queued = queue_.push(std::make_shared<QueuedEvent>(
        std::move(event), std::move(arguments), self(), std::make_unique<CallbackAnswer>(std::move(callback))));
    if (is_queued && is_for_pool) pool_.wake();
    if (is_queued) return;
    const Object refusal = queue_.refusal();
    throw CallError(refusal.get<std::string>("code", {}), refusal.get<std::string>("message", {}), refusal);
}

Peer ProgramRequests::self() const {
    return {.pid = instance_.pid, .uid = process_.effective_user(), .role = ControlRole::owner};
}

Reply ProgramRequests::resign(std::shared_ptr<const EventDeclaration> event, Arguments arguments) {
    const auto answer = [this](const Object*, const Object* error) {
        if (error != nullptr) log_.warning("the program cannot resign: " + error->get<std::string>("message", {}));
    };
    activity_.post_resign(std::make_shared<QueuedEvent>(std::move(event), std::move(arguments), self(),
                                                        std::make_unique<CallbackAnswer>(answer)));
    return Reply{{"result", "resign-initiated"}};
}

Reply ProgramRequests::end(BuiltIn event) {
    const bool stops = event == BuiltIn::stop;
    stops ? shutdown_.stop_for_program() : shutdown_.kill_for_program();
    return Reply{{"result", stops ? "stop-initiated" : "kill-initiated"}};
}

}  // namespace servicekit
