#include "core/control_plane.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <utility>

#include "base/attempt.hpp"
#include "core/argument_check.hpp"
#include "core/event_log.hpp"
#include "core/peer_words.hpp"
#include "core/status_askers.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// How long status waits for on_status() before it answers without its fields.
constexpr auto own_status_limit = 1000ms;

/// Requests of up to this many bytes are decoded whatever the client's role.
constexpr std::size_t request_of_anyone = 4096;

/// Adds the fields of a handler that replaces an event to the built-in reply.
class AddingAnswer final : public Answer {
public:
    AddingAnswer(std::shared_ptr<Responder> responder, Object built_in)
        : responder_{std::move(responder)}, built_in_{std::move(built_in)} {}
    void succeed(const Object& fields) override {
        built_in_.merge(fields);
        responder_->reply(encode_reply(built_in_));
    }
    void fail(const Object& error) override { responder_->reply(encode_error(error)); }
    void decline(const Object& /*error*/) override { responder_->reply(encode_reply(built_in_)); }
    void lack_memory() override { responder_->reply(out_of_memory_line); }

private:
    std::shared_ptr<Responder> responder_;
    Object built_in_;
};

/// The answer of a handler that replaces `log-flush`: the log is flushed before it goes out.
class FlushingAnswer final : public Answer {
public:
    FlushingAnswer(std::shared_ptr<Responder> responder, ServiceLog& log)
        : responder_{std::move(responder)}, log_{log} {}
    void succeed(const Object& fields) override {
        log_.flush_soon([responder = responder_, line = encode_reply(fields)](const Object* error) {
            responder->reply(error == nullptr ? line : encode_error(*error));
        });
    }
    void fail(const Object& error) override {
        log_.flush_soon(
            [responder = responder_, line = encode_error(error)](const Object*) { responder->reply(line); });
    }
    void decline(const Object& error) override { responder_->reply(encode_error(error)); }
    void time_out(const EventDeclaration& event) override {
        responder_->reply(encode_error(timeout_error(event.name)));
    }
    void lack_memory() override { responder_->reply(out_of_memory_line); }

private:
    std::shared_ptr<Responder> responder_;
    ServiceLog& log_;
};

/// Returns the peer as handlers see it.
[[gnu::hot]] Peer with_groups(const Peer& peer, Responder& responder) {
    Peer whole = peer;
    if (whole.groups.empty()) whole.groups = responder.peer_groups();
    return whole;
}

}  // namespace

void ControlPlane::arm(os::EventLoop& loop) {
    loop_ = &loop;
    large_requests_.arm(loop);
    deadlines_ = std::make_unique<Deadlines>(queue_, clock_, loop, [this](const QueuedEvent& run) {
        metrics_.event_never_ran(run.event().name);
        if (run.logs_outcome()) EventLog{log_}.never_ran(run.event().name, "the time of its caller was up");
    });
}

[[gnu::hot]] void ControlPlane::request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) {
    metrics_.requested(peer.role);
    // A large request takes time to decode. A client without the needed role is refused before that.
    if (text.size() > request_of_anyone && peer.role < ControlRole::operate) {
        const std::string name = event_named_in(text);
        const Event event = events_.find(name);
        const ControlRole needs = event && is_client_event(name) ? *event->needs : ControlRole::read;
        if (peer.role < needs) return fail(refuse_peer(name, needs, peer), *responder);
    }
    if (text.size() > LargeRequests::small_request) {
        const Peer whole_peer = with_groups(peer, *responder);
        return large_requests_.take(text, whole_peer, std::move(responder));
    }
    auto decoded = decode_request(text);
    serve(decoded, peer, std::move(responder));
}

void ControlPlane::fail(Object error, Responder& responder) {
    metrics_.refused(error.get<std::string>("code", {}));
    responder.reply(encode_error(std::move(error)));
}

[[gnu::hot]] void ControlPlane::serve(std::variant<Request, Object>& decoded, const Peer& peer,
                                      std::shared_ptr<Responder> responder) {
    const auto fail = [&](Object error) { this->fail(std::move(error), *responder); };
    if (auto* error = std::get_if<Object>(&decoded)) {
        const std::string code = error->get<std::string>("code");
        metrics_.refused(code);
        const bool is_malformed = code == "malformed-request";
        const std::string line = encode_error(std::move(*error));
        return is_malformed ? responder->reply_and_close(line) : responder->reply(line);
    }
    auto& request = std::get<Request>(decoded);

    const Event event = events_.find(request.event);
    const bool is_known = event && is_client_event(request.event);
    // Only clients that may list the events may find out which events exist.
    const ControlRole needs = is_known ? needed_role(*event, request.arguments) : ControlRole::read;
    if (peer.role < needs) return fail(refuse_peer(request.event, needs, peer));
    if (!is_known) {
        Object fields{{"event", request.event}};
        std::string message = "there is no event '" + request.event + "'";
        if (std::string near = events_.nearest(request.event); !near.empty()) {
            message += "; did you mean '" + near + "'?";
            fields.append("did-you-mean", std::move(near));
        }
        return fail(make_error("event-not-found", message, fields));
    }

    const BuiltInEvent* built_in = built_in_of(*event);
    Arguments arguments;
    try {
        refuse_relative_paths(*event, request.arguments);
        arguments = check_arguments(*event, std::move(request.arguments));
        if (built_in) BuiltInReplies::check(built_in->id, arguments);
    } catch (const BadArgument& bad) {
        return fail(bad_argument(event->name, bad));
    }

    const ServiceState state = state_.now();
    const bool runs = takes_events(state);
    if (!runs && (built_in == nullptr || !built_in->is_served_in(state))) return fail(not_ready_error(state));

    if (built_in != nullptr && built_in->id == BuiltIn::status)
        return answer_status(event, std::move(arguments), request, peer, responder);
    if (built_in != nullptr && built_in->id == BuiltIn::cancel) return cancel(*event, arguments, peer, *responder);
    if (built_in != nullptr && built_in->id == BuiltIn::follow) {
        const Peer whole_peer = with_groups(peer, *responder);
        auto answer = std::make_unique<ClientAnswer>(std::move(responder));
        return follow(make_run(event, std::move(arguments), request, whole_peer, std::move(answer)));
    }
    if (built_in != nullptr && built_in->id == BuiltIn::resign)
        if (auto refused = activity_.refuse_to_resign()) return fail(*std::move(refused));
    const bool changes_something = !only_asks(*event, arguments.values());
    if (changes_something) log_request(*event, arguments.values(), request.bytes, peer);
    // The program's handler, if there is one, takes part only if it can run now.
    const bool asks_core_alone = !event->handler || !runs || runner_.is_busy();
    if (built_in != nullptr) {
        if (built_in->id == BuiltIn::stop || built_in->id == BuiltIn::kill) return end(event, request, peer, responder);
        if (built_in->id == BuiltIn::resign) {
            const Peer whole_peer = with_groups(peer, *responder);
            auto answer = std::make_unique<ClientAnswer>(std::move(responder));
            return activity_.resign(make_run(event, std::move(arguments), request, whole_peer, std::move(answer)));
        }
        if (built_in->id == BuiltIn::log_flush && asks_core_alone) return flush_log(std::move(responder));
        if (built_in->id == BuiltIn::events && asks_core_alone) return responder->reply(replies_.events_line());
    }
    if (const auto found = answers_at_once_.find(event); found != answers_at_once_.end())
        return responder->reply(encode_reply(found->second()));
    if (built_in != nullptr && built_in->is_done_at_once) {
        Result<Object> done = Object{};
        try {
            done = replies_.reply(built_in->id, arguments);
        } catch (const BadArgument& bad) {
            return fail(bad_argument(event->name, bad));
        }
        if (changes_something && !done) EventLog{log_}.failed(event->name, done.error().message());
        if (changes_something && done && asks_core_alone) EventLog{log_}.done(event->name);
        if (!done)
            return fail(make_error("event-error", done.error().message(),
                                   {{"event", event->name}, {"type", "servicekit::Error"}}));
        if (asks_core_alone) return responder->reply(encode_reply(*done));
        auto answer = std::make_unique<AddingAnswer>(responder, std::move(*done));
        (void)queue(event, std::move(arguments), request, with_groups(peer, *responder), std::move(answer));
        return;
    }
    const Peer whole_peer = with_groups(peer, *responder);
    std::unique_ptr<Answer> answer;
    if (built_in != nullptr && built_in->id == BuiltIn::log_flush)
        answer = std::make_unique<FlushingAnswer>(std::move(responder), service_log_);
    else
        answer = std::make_unique<ClientAnswer>(std::move(responder));
    (void)queue(event, std::move(arguments), request, whole_peer, std::move(answer));
}

void ControlPlane::cancel(const EventDeclaration& event, const Arguments& arguments, const Peer& peer,
                          Responder& responder) {
    const auto done = run_requests_.cancel(arguments.get<std::int64_t>("id"), peer);
    if (done) {
        log_request(event, arguments.values(), 0, peer);
        return responder.reply(encode_reply(*done));
    }
    log_refusal(done.error(), event, peer);
    responder.reply(encode_error(done.error().fields()));
}

void ControlPlane::follow(const std::shared_ptr<QueuedEvent>& follower) {
    const auto refused = run_requests_.follow(follower->arguments().get<std::int64_t>("id"), follower);
    if (!refused) return;
    log_refusal(*refused, follower->event(), follower->peer());
    follower->fail(refused->fields());
}

void ControlPlane::log_refusal(const CallError& refused, const EventDeclaration& event, const Peer& peer) {
    metrics_.refused(refused.code());
    // Any client may request `cancel` and `follow`. A client cannot fill the log with their refusals.
    if (refused.code() == "not-allowed")
        refusals_.write(log_, clock_.steady_now(), "event '" + event.name + "' refused to " + in_words(peer));
}

void ControlPlane::flush_log(std::shared_ptr<Responder> responder) {
    service_log_.flush_soon([responder = std::move(responder)](const Object* error) {
        responder->reply(error == nullptr ? encode_reply({}) : encode_error(*error));
    });
}

void ControlPlane::answer_at_once(std::shared_ptr<const EventDeclaration> event, std::function<Object()> answer) {
    answers_at_once_.insert_or_assign(std::move(event), std::move(answer));
}

void ControlPlane::end(const Event& event, const Request& request, const Peer& peer,
                       const std::shared_ptr<Responder>& responder) {
    const bool stops = built_in_named(event->name) == BuiltIn::stop;
    if (request.waits_for_end)
        end_askers_.add(
            make_run(event, {}, request, with_groups(peer, *responder), std::make_unique<ClientAnswer>(responder)));
    else
        responder->reply(encode_reply({{"result", stops ? "stop-initiated" : "kill-initiated"}}));
    const std::string why = "asked for by " + in_words(peer);
    stops ? shutdown_.stop(why) : shutdown_.kill(why);
}

std::string ControlPlane::refuse(const Refusal& refusal) {
    Object error = describe_refusal(refusal);
    metrics_.refused(error.get<std::string>("code", {}));
    return encode_error(std::move(error));
}

void ControlPlane::note(const Error& error) { failures_.write(log_, clock_.steady_now(), error.message()); }

void ControlPlane::signalled(const os::ReceivedSignal& signal) {
    std::string why;
    // The signal takes effect even if there is no memory for its reason.
    static_cast<void>(attempt([&] { why = in_words(signal); }));
    switch (signal.number) {
        case SIGTERM:
        case SIGABRT:
            return shutdown_.stop(why);
        case SIGINT:
            // The first SIGINT from the terminal requests a clean stop. The second one ends the service without
            // waiting.
            if (signal.is_from_kernel() && !std::exchange(interrupted_, true)) return shutdown_.stop(why);
            return shutdown_.kill(why);
        case SIGXCPU:
            return shutdown_.stop(why, Error{ExitCode::os, "go on", "", why});
        case SIGHUP:
            log_.info("reload: " + why);
            return queue_reload(signal.sender);
        case SIGUSR1:
            if (const auto reopened = service_log_.reopen(); !reopened)
                log_.error(reopened.error().message());
            else
                log_.info("log reopened: " + why);
            return;
        default:
            return;
    }
}

[[gnu::hot]] void ControlPlane::answer_status(const Event& event, Arguments&& arguments, Request& request,
                                              const Peer& peer, const std::shared_ptr<Responder>& responder) {
    const auto is_occupied = [this] {
        const auto busy = runner_.busy();
        return busy && (busy->event != "status" || clock_.steady_now() - busy->since >= own_status_limit);
    };
    const bool may_have_own = event->handler || status_.may_have_own();
    if (!may_have_own || is_occupied() || state_.now() != ServiceState::running || !queue_.holds_only("status")) {
        status_line_.clear();
        status_.append_last_known(status_line_);
        status_line_ += '\n';
        return responder->reply(status_line_);
    }

    // One run answers all clients that asked before it began. A handler of the program may answer each client
    // differently.
    const bool is_same_for_all = !event->handler && arguments.values().empty();
    if (is_same_for_all) {
        const auto run = queued_status_.lock();
        const auto askers = status_askers_.lock();
        if (run && askers && queue_.holds(*run) && askers->add(responder)) return;
    }
    request.timeout = own_status_limit;
    const auto askers = std::make_shared<StatusAskers>();
    (void)askers->add(responder);
    const auto run = queue(event, std::move(arguments), request, with_groups(peer, *responder),
                           std::make_unique<StatusAnswer>(status_, askers));
    if (!is_same_for_all) return;
    queued_status_ = run;
    status_askers_ = askers;
}

[[gnu::hot]] std::shared_ptr<QueuedEvent> ControlPlane::make_run(const Event& event, Arguments arguments,
                                                                 const Request& request, const Peer& peer,
                                                                 std::unique_ptr<Answer> answer) {
    auto run = std::make_shared<QueuedEvent>(event, std::move(arguments), peer, std::move(answer));
    if (request.wants_progress) run->want_progress();
    if (request.wants_turns) run->want_turns();
    if (request.wants_items) run->want_items();
    if (request.timeout) {
        run->expect_answer_by(clock_.steady_now() + *request.timeout);
        deadlines_->watch(run);
    }
    return run;
}

[[gnu::hot]] std::shared_ptr<QueuedEvent> ControlPlane::queue(const Event& event, Arguments arguments,
                                                              const Request& request, const Peer& peer,
                                                              std::unique_ptr<Answer> answer) {
    const bool changes_something = !only_asks(*event, arguments.values());
    auto run = make_run(event, std::move(arguments), request, peer, std::move(answer));
    if (changes_something) run->log_outcome();
    if (queue_.push(run, EventQueue::Wake::by_caller)) {
        // A concurrent event does not wait for the event that runs on the event thread.
        run->tell_queued([&] { return event->concurrent ? std::string{} : runner_.running(); });
        event->concurrent ? pool_.look() : wake_event_thread();
    } else {
        const Object refusal = queue_.refusal();
        metrics_.event_never_ran(event->name);
        metrics_.refused(refusal.get<std::string>("code", {}));
        EventLog{log_}.decline(*run, refusal);
    }
    return run;
}

/// Wakes the event thread after the loop has handled what is ready. A burst of requests then costs one thread switch,
/// not one for each request.
[[gnu::hot]] void ControlPlane::wake_event_thread() {
    if (std::exchange(wakes_soon_, true)) return;
    const bool posted = attempt([this] {
        loop_->post([this] {
            wakes_soon_ = false;
            queue_.wake();
        });
    });
    if (posted) return;
    wakes_soon_ = false;
    queue_.wake();
}

void ControlPlane::queue_reload(const Peer& sender) {
    // A second SIGHUP before the first reload has begun requests nothing new.
    if (const auto waiting = queued_reload_.lock(); waiting && queue_.holds(*waiting)) return;
    Peer peer = sender;
    peer.role = ControlRole::admin;
    auto run = std::make_shared<QueuedEvent>(events_.find("reload"), Arguments{}, std::move(peer),
                                             std::make_unique<CallbackAnswer>([](const Object*, const Object*) {}));
    queued_reload_ = run;
    run->log_outcome();
    if (!queue_.push(std::move(run)) && !queue_.is_closed()) log_.error("cannot reload: too many events wait already");
}

void ControlPlane::log_request(const EventDeclaration& event, const Object& arguments, std::size_t bytes,
                               const Peer& peer) {
    // An event that runs a client's code bypasses all checks of the program.
    const LogLevel level = *event.needs == ControlRole::owner ? LogLevel::warning : LogLevel::info;
    if (!log_.shows(level)) return;
    std::string line = "event '" + event.name + "'";
    // A line with the arguments of a large request would delay other clients, and fill the log.
    const bool is_large = bytes > LargeRequests::small_request;
    if (!arguments.empty() && !is_large) line += " " + describe_arguments(event, arguments);
    line += " asked for by " + in_words(peer);
    log_.write(level, is_large ? line + " in a request of " + std::to_string(bytes) + " bytes" : line);
}

Object ControlPlane::refuse_peer(const std::string& event, ControlRole needs, const Peer& peer) {
    const std::string role = "the role '" + std::string{to_string(needs)} + "'";
    // An unknown name that a client sent is not logged: it may be long, and belongs to no event.
    const bool is_known = events_.find(event) != nullptr;
    refusals_.write(log_, clock_.steady_now(),
                    (is_known ? "event '" + event + "'" : "an unknown event") + " refused to " + in_words(peer) +
                        ": it needs " + role);
    return make_error("not-allowed", user_in_words(peer) + " may not ask for '" + event + "': it needs " + role,
                      {{"event", event}, {"needs", to_string(needs)}});
}

}  // namespace servicekit
