#include "core/control_plane.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <utility>

#include "base/attempt.hpp"
#include "base/log_level_names.hpp"
#include "base/names.hpp"
#include "core/argument_check.hpp"
#include "core/configuration.hpp"
#include "core/crash_reports.hpp"
#include "core/event_log.hpp"
#include "core/peer_words.hpp"
#include "core/service_core.hpp"
#include "core/shutdown.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// How long status waits for on_status() before it answers without.
constexpr auto own_status_limit = 1000ms;

/// How long a thread waits for a log that hangs.
constexpr auto flush_limit = 1000ms;

constexpr std::size_t usual_status_fields = 12;

/// Requests of up to this many bytes are read whole, whoever sends them.
constexpr std::size_t small_request = 4096;

/// What a replaced event adds to what core itself replies.
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

}  // namespace

/// The clients that wait for the same run of on_status().
class StatusAskers {
public:
    /// \returns false if they have been answered
    [[nodiscard]] bool add(std::shared_ptr<Responder> responder) {
        const std::lock_guard guard{mutex_};
        if (are_answered_) return false;
        responders_.push_back(std::move(responder));
        return true;
    }
    void reply(std::string_view line) {
        std::vector<std::shared_ptr<Responder>> responders;
        {
            const std::lock_guard guard{mutex_};
            are_answered_ = true;
            responders.swap(responders_);
        }
        for (const auto& responder : responders) responder->reply(line);
    }

private:
    std::mutex mutex_;
    bool are_answered_ = false;
    std::vector<std::shared_ptr<Responder>> responders_;
};

namespace {

class StatusAnswer final : public Answer {
public:
    StatusAnswer(ServiceCore& core, std::shared_ptr<StatusAskers> askers) : core_{&core}, askers_{std::move(askers)} {}
    void succeed(const Object& own) override {
        core_->own_status.keep(own);
        Object fields = core_->control_plane->status_fields();
        fields.merge(own);
        askers_->reply(encode_reply(fields));
    }
    void fail(const Object& error) override { askers_->reply(encode_error(error)); }
    void decline(const Object& /*error*/) override { reply_without_own(); }
    void time_out(const EventDeclaration&) override { reply_without_own(); }
    void lack_memory() override { askers_->reply(out_of_memory_line); }

private:
    void reply_without_own() { askers_->reply(encode_reply(core_->own_status.last_known())); }

    ServiceCore* core_;
    std::shared_ptr<StatusAskers> askers_;
};

/// What `log-level` is asked for.
struct LevelRequest {
    std::string channel = {};  ///< empty: the whole
    bool sets = false;
    std::optional<LogLevel> level = {};  ///< to set; nothing: that of the whole
};

/// \throws BadArgument
LevelRequest level_request(const Arguments& arguments) {
    LevelRequest request;
    const auto refuse = [](const char* parameter, const std::string& found, const std::string& expected) {
        throw BadArgument(
            parameter, expected,
            "parameter '" + std::string{parameter} + "' of 'log-level' is '" + found + "': expected " + expected);
    };
    if (arguments.has("channel")) {
        request.channel = arguments.get<std::string>("channel");
        if (!is_valid_name(request.channel)) refuse("channel", request.channel, std::string{name_rule()});
    }
    if (!arguments.has("level")) return request;
    const auto name = arguments.get<std::string>("level");
    request.sets = true;
    request.level = log_level_from(name);
    const bool inherits = name == "inherit" && !request.channel.empty();
    if (!request.level && !inherits) {
        const std::string expected = "one of " + std::string{log_level_list};
        refuse("level", name, request.channel.empty() ? expected : expected + ", inherit");
    }
    return request;
}

/// \throws BadArgument
[[noreturn]] void refuse_channel(const std::string& channel) {
    const std::string expected = "a channel that the program uses";
    throw BadArgument("channel", expected,
                      "parameter 'channel' of 'log-level' is '" + channel + "': expected " + expected + ", as " +
                          std::to_string(LogRouter::most_foreign_channels) +
                          " that it has not used so far have a level already");
}

/// A bound of a parameter: an integer if it is a whole number.
Value bound_value(double bound) {
    constexpr double exact = 9'007'199'254'740'992;  // 2^53: up to it each integer is a double
    const bool is_whole = bound >= -exact && bound <= exact && std::trunc(bound) == bound;
    return is_whole ? Value{static_cast<std::int64_t>(bound)} : Value{bound};
}

}  // namespace

ControlPlane::ControlPlane(ServiceCore& core) : core_{&core} {}

void ControlPlane::arm() {
    deadlines_ =
        std::make_unique<Deadlines>(core_->queue, *core_->host.clock, *core_->loop, [this](const QueuedEvent& run) {
            if (run.logs_outcome()) EventLog{core_->log}.never_ran(run.event().name, "the time of its caller was up");
        });
}

void ControlPlane::request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) {
    const auto fail = [&responder](Object error) { responder->reply(encode_error(std::move(error))); };

    // A large request takes time to read, which a client need not have for what it may not ask for.
    if (text.size() > small_request && peer.role < ControlRole::operate) {
        const std::string name = event_named_in(text);
        const Event event = core_->events.find(name);
        const ControlRole needs = event && is_client_event(name) ? *event->needs : ControlRole::read;
        if (peer.role < needs) return fail(refuse_peer(name, needs, peer));
    }
    auto decoded = decode_request(text);
    if (auto* error = std::get_if<Object>(&decoded)) {
        const bool is_malformed = error->find("code")->as_string() == "malformed-request";
        const std::string line = encode_error(std::move(*error));
        return is_malformed ? responder->reply_and_close(line) : responder->reply(line);
    }
    auto& request = std::get<Request>(decoded);

    const Event event = core_->events.find(request.event);
    const bool is_known = event && is_client_event(request.event);
    // Which events there are is for those to know who may list them.
    const ControlRole needs = is_known ? needed_role(*event, request.arguments) : ControlRole::read;
    if (peer.role < needs) return fail(refuse_peer(request.event, needs, peer));
    if (!is_known) {
        Object fields{{"event", request.event}};
        std::string message = "there is no event '" + request.event + "'";
        if (std::string near = core_->events.nearest(request.event); !near.empty()) {
            message += "; did you mean '" + near + "'?";
            fields.append("did-you-mean", std::move(near));
        }
        return fail(make_error("event-not-found", message, fields));
    }

    const BuiltInEvent* built_in = find_built_in(event->name);
    Arguments arguments;
    try {
        arguments = check_arguments(*event, request.arguments);
        refuse_relative_paths(*event, request.arguments);
        if (built_in && built_in->id == BuiltIn::log_level) (void)level_request(arguments);
    } catch (const BadArgument& bad) {
        return fail(bad_argument(event->name, bad));
    }

    const ServiceState state = core_->current_state();
    const bool runs = state == ServiceState::running || state == ServiceState::reloading;
    const bool is_served = runs || (built_in != nullptr && built_in->served == BuiltInEvent::Served::always);
    if (!is_served) {
        const std::string_view name = to_string(state);
        return fail(make_error("not-ready", "the service is " + std::string{name}, {{"state", name}}));
    }

    if (built_in != nullptr && built_in->id == BuiltIn::status) return answer_status(event, request, peer, responder);
    const bool changes_something = !only_asks(*event, arguments.values());
    if (changes_something) log_request(*event, arguments.values(), peer);
    // A handler of the program's, if there is one, has its turn when it can have it.
    const bool asks_core_alone = !event->handler || !runs || core_->runner.busy();
    if (built_in != nullptr) {
        if (built_in->id == BuiltIn::stop || built_in->id == BuiltIn::kill) return end(event, request, peer, responder);
        if (built_in->id == BuiltIn::log_flush && asks_core_alone) return flush_log(std::move(responder));
        if (built_in->id == BuiltIn::events && asks_core_alone) return responder->reply(events_line());
    }
    if (const auto found = core_->answers_at_once.find(event->name);
        found != core_->answers_at_once.end() && found->second.event == event)
        return responder->reply(encode_reply(found->second.answer()));
    if (built_in != nullptr && built_in->is_done_at_once) {
        Result<Object> done = Object{};
        try {
            done = do_at_once(built_in->id, arguments);
        } catch (const BadArgument& bad) {
            return fail(bad_argument(event->name, bad));
        }
        if (changes_something && !done) EventLog{core_->log}.failed(event->name, done.error().message());
        if (changes_something && done && asks_core_alone) EventLog{core_->log}.done(event->name);
        if (!done)
            return fail(make_error("event-error", done.error().message(),
                                   {{"event", event->name}, {"type", "servicekit::Error"}}));
        if (asks_core_alone) return responder->reply(encode_reply(*done));
        auto answer = std::make_unique<AddingAnswer>(responder, std::move(*done));
        (void)queue(event, std::move(arguments), request, peer, std::move(answer));
        return;
    }
    (void)queue(event, std::move(arguments), request, peer, std::make_unique<ClientAnswer>(std::move(responder)));
}

void ControlPlane::end(const Event& event, const Request& request, const Peer& peer,
                       const std::shared_ptr<Responder>& responder) {
    const bool stops = built_in_named(event->name) == BuiltIn::stop;
    if (request.waits_for_end)
        core_->end_askers.add(make_run(event, {}, request, peer, std::make_unique<ClientAnswer>(responder)));
    else
        responder->reply(encode_reply({{"result", stops ? "stop-initiated" : "kill-initiated"}}));
    const std::string why = "asked for by " + in_words(peer);
    stops ? core_->shutdown->stop(why) : core_->shutdown->kill(why);
}

std::string ControlPlane::refuse(const Refusal& refusal) { return encode_error(describe_refusal(refusal)); }

void ControlPlane::note(const Error& error) {
    failures_.write(core_->log, core_->host.clock->steady_now(), error.message());
}

void ControlPlane::signalled(const os::ReceivedSignal& signal) {
    std::string why;
    // A stop without its reason is still a stop.
    static_cast<void>(attempt([&] { why = in_words(signal); }));
    switch (signal.number) {
        case SIGTERM:
        case SIGABRT:
            return core_->shutdown->stop(why);
        case SIGINT:
            // Who types it once wants a clean end, and who types it again does not want to wait for one.
            if (signal.is_from_kernel() && !std::exchange(interrupted_, true)) return core_->shutdown->stop(why);
            return core_->shutdown->kill(why);
        case SIGXCPU:
            return core_->shutdown->stop(why, Error{ExitCode::os, "go on", "", why});
        case SIGHUP:
            core_->log.info("reload: " + why);
            return queue_reload(signal.sender);
        case SIGUSR1:
            if (const auto reopened = core_->reopen_log(); !reopened)
                core_->log.error(reopened.error().message());
            else
                core_->log.info("log reopened: " + why);
            return;
        default:
            return;
    }
}

Object ControlPlane::status_fields() const {
    const auto now = core_->host.clock->steady_now();
    const auto seconds_since = [now](std::chrono::steady_clock::time_point then) {
        return std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
    };
    Object fields;
    fields.reserve(usual_status_fields);
    fields.append("pid", core_->pid);
    fields.append("control-socket", core_->policies->control.endpoint());
    fields.append("uptime", seconds_since(core_->started_at));
    fields.append("name", core_->paths.name);
    fields.append("version", core_->options.version);
    fields.append("state", to_string(core_->current_state()));
    fields.append("started-at", core_->started_at_text);
    if (const auto busy = core_->runner.busy(); busy && busy->event != "status")
        fields.append("busy", Object{{"event", busy->event}, {"seconds", seconds_since(busy->since)}});
    fields.merge(core_->policies->lock.status_fields());
    fields.merge(core_->policies->control.status_fields());
    return fields;
}

void ControlPlane::answer_status(const Event& event, Request& request, const Peer& peer,
                                 const std::shared_ptr<Responder>& responder) {
    const auto now = core_->host.clock->steady_now();
    const bool has_own = event->handler || core_->own_status.may_exist();
    const auto busy = core_->runner.busy();
    const bool is_occupied = busy && (busy->event != "status" || now - busy->since >= own_status_limit);
    if (!has_own || is_occupied || core_->current_state() != ServiceState::running ||
        !core_->queue.holds_only("status"))
        return responder->reply(encode_reply(core_->own_status.last_known()));

    // One run answers all who asked before it began, however many these are. A handler of the program's may answer
    // each otherwise.
    const bool is_same_for_all = !event->handler && request.arguments.empty();
    if (is_same_for_all) {
        const auto run = queued_status_.lock();
        const auto askers = status_askers_.lock();
        if (run && askers && core_->queue.holds(*run) && askers->add(responder)) return;
    }
    request.timeout = own_status_limit;
    const auto askers = std::make_shared<StatusAskers>();
    (void)askers->add(responder);
    const auto run =
        queue(event, Arguments{request.arguments}, request, peer, std::make_unique<StatusAnswer>(*core_, askers));
    if (!is_same_for_all) return;
    queued_status_ = run;
    status_askers_ = askers;
}

Result<Object> ControlPlane::do_at_once(BuiltIn event, const Arguments& arguments) {
    switch (event) {
        case BuiltIn::events:
            return list_events();
        case BuiltIn::settings:
            return list_settings();
        case BuiltIn::crashes:
            return list_crashes();
        case BuiltIn::log_flush:
            core_->policies->log.flush(flush_limit);
            return Object{};
        case BuiltIn::log_reopen:
            if (auto reopened = core_->reopen_log(); !reopened) return reopened.error();
            return Object{};
        case BuiltIn::log_level:
            return log_level(arguments);
        default:
            return Object{};
    }
}

// In the log's own thread: a disk that hangs keeps no other request waiting.
void ControlPlane::flush_log(std::shared_ptr<Responder> responder) {
    // A log that has no thread of its own keeps nothing back.
    if (!core_->log_loop) return responder->reply(encode_reply({}));
    {
        const std::lock_guard guard{flush_mutex_};
        wait_for_flush_.push_back(std::move(responder));
        if (wait_for_flush_.size() > 1) return;
    }
    // One for all that ask meanwhile.
    const auto flush = [this] {
        std::vector<std::shared_ptr<Responder>> waited;
        {
            const std::lock_guard guard{flush_mutex_};
            waited.swap(wait_for_flush_);
        }
        std::string line = encode_reply({});
        try {
            core_->policies->log.flush(flush_limit);
        } catch (...) {
            line = encode_error(describe_current_exception().as_error("log-flush"));
        }
        for (const auto& one : waited) one->reply(line);
    };
    try {
        core_->log_loop->post(flush);
    } catch (...) {
        const std::lock_guard guard{flush_mutex_};
        wait_for_flush_.clear();
        throw;
    }
}

Object ControlPlane::log_level(const Arguments& arguments) {
    const LevelRequest request = level_request(arguments);
    if (request.sets && request.channel.empty())
        core_->set_log_level(*request.level);
    else if (request.sets && !core_->set_log_level(request.channel, request.level))
        refuse_channel(request.channel);
    if (!request.channel.empty())
        return {{"channel", request.channel}, {"level", to_string(core_->log_router.level_of(request.channel))}};

    Object reply{{"level", to_string(core_->log.level())}};
    Object channels;
    for (const auto& [name, level] : core_->log_router.channel_levels()) channels.append(name, to_string(level));
    if (!channels.empty()) reply.append("channels", std::move(channels));
    return reply;
}

std::shared_ptr<QueuedEvent> ControlPlane::make_run(const Event& event, Arguments arguments, const Request& request,
                                                    const Peer& peer, std::unique_ptr<Answer> answer) {
    auto run = std::make_shared<QueuedEvent>(event, std::move(arguments), peer, std::move(answer));
    if (request.wants_progress) run->want_progress();
    if (request.wants_turns) run->want_turns();
    if (request.timeout) {
        run->expect_answer_by(core_->host.clock->steady_now() + *request.timeout);
        deadlines_->watch(run);
    }
    return run;
}

std::shared_ptr<QueuedEvent> ControlPlane::queue(const Event& event, Arguments arguments, const Request& request,
                                                 const Peer& peer, std::unique_ptr<Answer> answer) {
    const bool changes_something = !only_asks(*event, arguments.values());
    auto run = make_run(event, std::move(arguments), request, peer, std::move(answer));
    if (changes_something) run->log_outcome();
    if (core_->queue.push(run, EventQueue::Wake::by_caller)) {
        run->tell_queued([this] { return core_->runner.running(); });
        wake_event_thread();
    } else if (core_->shutdown->is_stopping()) {
        core_->decline(*run, "not-ready", "the service is stopping", {{"state", "stopping"}});
    } else {
        core_->decline(*run, "busy", "too many events wait already", {{"limit", EventQueue::limit}});
    }
    return run;
}

/// After what the loop has found ready already: a burst of requests then costs one change of threads, not one each.
void ControlPlane::wake_event_thread() {
    if (std::exchange(wakes_soon_, true)) return;
    const bool posted = attempt([this] {
        core_->loop->post([this] {
            wakes_soon_ = false;
            core_->parking->unpark();
        });
    });
    if (posted) return;
    wakes_soon_ = false;
    core_->parking->unpark();
}

Object ControlPlane::list_events() const {
    Value::List events;
    for (const Event& event : core_->events.all()) {
        if (!is_client_event(event->name)) continue;
        Value::List parameters;
        for (const Parameter& parameter : event->parameters) {
            Object described{{"name", parameter.name},
                             {"type", to_string(parameter.type)},
                             {"required", !parameter.default_value.has_value()},
                             {"description", parameter.description}};
            if (parameter.default_value) described.append("default", *parameter.default_value);
            if (parameter.minimum && std::isfinite(*parameter.minimum))
                described.append("minimum", bound_value(*parameter.minimum));
            if (parameter.maximum && std::isfinite(*parameter.maximum))
                described.append("maximum", bound_value(*parameter.maximum));
            if (parameter.secret) described.append("secret", true);
            parameters.emplace_back(std::move(described));
        }
        events.emplace_back(Object{{"name", event->name},
                                   {"description", event->description},
                                   {"parameters", std::move(parameters)},
                                   {"needs", to_string(*event->needs)}});
    }
    return {{"events", std::move(events)}};
}

Object ControlPlane::list_settings() const {
    Object report = core_->configuration->report();
    Value* const settings = report.find("settings");
    if (settings == nullptr) return report;
    Object rows = std::move(*settings).as_object();
    const Value level{to_string(core_->log.level())};
    // The event of that name may have set another.
    if (Value* const row = rows.find(setting::log_level.name); !(*row->as_object().find("value") == level))
        *row = Object{{"value", level}, {"origin", "event"}};
    *settings = std::move(rows);
    return report;
}

// With many events it takes a thousand times as long as a status, and others wait meanwhile.
const std::string& ControlPlane::events_line() {
    const std::uint64_t revision = core_->events.revision();
    if (events_line_revision_ != revision) {
        events_line_ = encode_reply(list_events());
        events_line_revision_ = revision;
    }
    return events_line_;
}

Result<Object> ControlPlane::list_crashes() {
    const Paths& paths = core_->paths;
    const std::lock_guard guard{known_crashes_mutex_};
    const auto reports =
        CrashReports{paths.crash_directory, paths.name, *core_->host.files, *core_->host.clock}.list(known_crashes_);
    if (!reports) return reports.error();
    Value::List crashes;
    for (const CrashSummary& crash : *reports) crashes.emplace_back(crash.fields());
    return Object{{"crashes", std::move(crashes)}};
}

void ControlPlane::queue_reload(const Peer& sender) {
    // A second HUP before the first was heard asks for nothing new.
    if (const auto waiting = queued_reload_.lock(); waiting && core_->queue.holds(*waiting)) return;
    Peer peer = sender;
    peer.role = ControlRole::admin;
    auto run = std::make_shared<QueuedEvent>(core_->events.find("reload"), Arguments{}, std::move(peer),
                                             std::make_unique<CallbackAnswer>([](const Object*, const Object*) {}));
    queued_reload_ = run;
    run->log_outcome();
    if (!core_->queue.push(std::move(run)) && !core_->shutdown->is_stopping())
        core_->log.error("cannot reload: too many events wait already");
}

void ControlPlane::log_request(const EventDeclaration& event, const Object& arguments, const Peer& peer) {
    // Whoever has code run goes round all that the program itself checks.
    const LogLevel level = *event.needs == ControlRole::owner ? LogLevel::warning : LogLevel::info;
    if (!core_->log.shows(level)) return;
    std::string line = "event '" + event.name + "'";
    if (!arguments.empty()) line += " " + describe_arguments(event, arguments);
    core_->log.write(level, line + " asked for by " + in_words(peer));
}

Object ControlPlane::refuse_peer(const std::string& event, ControlRole needs, const Peer& peer) {
    const std::string role = "the role '" + std::string{to_string(needs)} + "'";
    // Not the name that the client gave: it may be long, and is nobody's.
    const bool is_known = core_->events.find(event) != nullptr;
    refusals_.write(core_->log, core_->host.clock->steady_now(),
                    (is_known ? "event '" + event + "'" : "an unknown event") + " refused to " + in_words(peer) +
                        ": it needs " + role);
    return make_error("not-allowed", user_in_words(peer) + " may not ask for '" + event + "': it needs " + role,
                      {{"event", event}, {"needs", to_string(needs)}});
}

}  // namespace servicekit
