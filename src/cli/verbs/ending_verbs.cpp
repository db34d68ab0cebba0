#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// The control plane answers these at once. A service that takes longer hangs, but a signal may still work.
constexpr milliseconds longest_answer = 2s;

/// One running instance that a verb is about to end.
class Ending {
public:
    Ending(Session& session, RunningService& running, Instance instance)
        : session_{session}, running_{running}, instance_{std::move(instance)}, sleep_{session.tools.make_sleep()} {}

    enum class Asked {
        taken,    ///< as far as is known
        in_vain,  ///< a signal may still work
        refused,  ///< the service does not permit it to this user, and neither would the kernel
    };
    /// Requests an event over the control socket. Prints a refusal.
    Asked ask(std::string_view event, milliseconds at_most) {
        return ask(event, {.timeout = std::min(at_most, longest_answer)});
    }

    /// Requests a stop over the control socket. If the service accepts it, waits for its end by `wait`, and then learns
    /// whether the stop was clean. Prints a refusal.
    Asked ask_and_wait(milliseconds at_most, const std::function<void()>& wait) {
        const auto& clock = *session_.tools.host.clock;
        const auto answer_due = clock.steady_now() + std::min(at_most, longest_answer);
        bool is_taken = false;
        CallOptions options;
        options.wait = true;
        options.on_turn = [&](const Turn&) {
            is_taken = true;
            wait();
        };
        // The service sends its reply before it ends.
        options.is_given_up = [&] { return is_taken || clock.steady_now() >= answer_due; };
        const auto asked = ask("stop", options);
        if (is_taken) return Asked::taken;
        fault_.clear();
        return asked;
    }

    Result<bool> signal(int number) { return running_.signal(instance_, number); }

    Result<RunningService::Waited> wait(milliseconds at_most) {
        return running_.wait_for_end(instance_, session_.tools.host.clock->steady_now() + at_most, *sleep_);
    }

    /// Waits for as long as the instance reports that its stop event runs, which may take longer if it makes progress.
    /// \param at_least wait until then in any case
    Result<RunningService::Waited> wait_for_stop(std::chrono::steady_clock::time_point at_least,
                                                 std::chrono::steady_clock::time_point at_most) {
        const auto& clock = *session_.tools.host.clock;
        const auto left = [&clock](std::chrono::steady_clock::time_point until) {
            return std::max(std::chrono::ceil<milliseconds>(until - clock.steady_now()), milliseconds::zero());
        };
        for (auto until = at_least;;) {
            auto waited = wait(std::max(left(until) - longest_answer, milliseconds::zero()));
            if (!waited || *waited != RunningService::Waited::still_runs) return waited;
            const auto next = std::min(clock.steady_now() + 2 * longest_answer, at_most);
            if (next <= until || !runs_stop_event()) return wait(left(until));
            until = next;
        }
    }

    /// Prints how it ended, or that it did not. \returns the exit code
    int report(std::string_view done, const Result<RunningService::Waited>& waited) {
        Console& console = session_.console;
        if (!waited) return console.fail(waited.error());
        const std::string who = instance_.in_words();
        switch (*waited) {
            case RunningService::Waited::ended:
                if (!fault_.empty()) {
                    ended_uncleanly_ = true;
                    console.complain(std::string{done} + " (" + who + "), but not cleanly: " + fault_);
                    return to_int(ExitCode::internal);
                }
                console.say(std::string{done} + (instance_.pid > 0 ? " (" + who + ")" : ""), ended_object(done));
                return 0;
            case RunningService::Waited::replaced:
                console.complain(std::string{done} + " (" + who + "), but another instance has taken its place");
                break;
            case RunningService::Waited::still_runs:
                console.complain("still running (" + who + ")");
                break;
            case RunningService::Waited::interrupted:
                console.complain("interrupted while waiting; still running (" + who + ")");
                break;
        }
        return to_int(ExitCode::timeout);
    }

    /// Returns true if report() has printed that the instance ended, but not cleanly.
    [[nodiscard]] bool ended_uncleanly() const noexcept { return ended_uncleanly_; }

private:
    [[nodiscard]] Object ended_object(std::string_view done) const {
        Object told{{"result", done}};
        if (instance_.pid > 0) told.append("pid", instance_.pid);
        return told;
    }

    Asked ask(std::string_view event, const CallOptions& options) {
        auto client = connect_to(session_, instance_);
        if (!client) return Asked::in_vain;
        const auto reply = client->call(event, {}, options);
        if (reply) return Asked::taken;
        const CallError& error = reply.error();
        // Only a service in its own user namespace refuses root, as it sees another user.
        if (error.code() == "not-allowed" && session_.tools.host.process->effective_user() != 0) {
            session_.console.fail(Error{ExitCode::permission, std::string{event}, instance_.in_words(), error.what()});
            return Asked::refused;
        }
        if (options.wait) fault_ = error.is_reply() ? error.what() : "it ended without a reply; its log may show why";
        return Asked::in_vain;
    }

    [[nodiscard]] bool runs_stop_event() const {
        auto client = connect_to(session_, instance_);
        if (!client) return false;
        const auto status = client->call("status", {}, {.timeout = longest_answer / 2});
        const Value* const busy = status ? status->find("busy") : nullptr;
        const Value* const event = busy != nullptr && busy->is_object() ? busy->as_object().find("event") : nullptr;
        return event != nullptr && *event == Value{"stop"};
    }

    Session& session_;
    RunningService& running_;
    Instance instance_;
    std::unique_ptr<os::InterruptibleSleep> sleep_;
    std::string fault_;  ///< why the stop was not clean
    bool ended_uncleanly_ = false;
};

/// \param given how long the caller wants to wait, if they have said so
int stop_instance(Session& session, Ending& ending, std::optional<milliseconds> given) {
    const Settings& settings = session.service.settings();
    const auto timeout = given.value_or(settings.get(setting::stop_timeout) + 2s);
    const auto& clock = *session.tools.host.clock;
    const auto begin = clock.steady_now();
    const auto until = begin + timeout;
    const auto at_most = given ? until : begin + settings.get(setting::extended_timeout) + 2s;
    std::optional<Result<RunningService::Waited>> waited;
    const auto wait = [&] { waited = ending.wait_for_stop(until, at_most); };
    const bool waits = !session.invocation.no_wait;
    const auto asked = waits ? ending.ask_and_wait(timeout, wait) : ending.ask("stop", timeout);
    if (asked == Ending::Asked::refused) return to_int(ExitCode::permission);
    if (asked == Ending::Asked::in_vain)
        if (const auto sent = ending.signal(SIGTERM); !sent) return session.console.fail(sent.error());
    if (waits && !waited) wait();
    if (waits) return ending.report("stopped", *waited);
    session.console.tell("", {{"result", "stop-initiated"}});
    return 0;
}

/// Kills the instance. Each wait is a bit longer than the service allows itself.
int kill_instance(Session& session, Ending& ending) {
    struct Blow {
        int signal;
        milliseconds wait;
    };
    auto waited = Result<RunningService::Waited>{RunningService::Waited::still_runs};
    // The reply may get lost, so only the end of the service counts.
    const auto asked = ending.ask("kill", longest_answer);
    if (asked == Ending::Asked::refused) return to_int(ExitCode::permission);
    if (asked == Ending::Asked::taken) waited = ending.wait(3s);
    for (const Blow& blow : std::array{Blow{SIGINT, 3s}, Blow{SIGKILL, 5s}}) {
        if (!waited || *waited != RunningService::Waited::still_runs) break;
        if (const auto sent = ending.signal(blow.signal); !sent) return session.console.fail(sent.error());
        waited = ending.wait(blow.wait);
    }
    return ending.report("killed", waited);
}

/// \pre the settings are loaded
int end_with(Session& session, int (*end)(Session&, Ending&)) {
    auto running = running_service(session);
    if (!running) return session.console.fail(running.error());
    auto found = find_instance(session, *running);
    if (!found) return session.console.fail(found.error());
    if (!*found) {
        session.console.say(not_running_in_words(*running), {{"result", "not-running"}});
        return 0;
    }
    Ending ending{session, *running, std::move(**found)};
    return end(session, ending);
}

}  // namespace

int stop_to_restart(Session& session) {
    return end_with(session, [](Session& stopping, Ending& ending) {
        const int code = stop_instance(stopping, ending, std::nullopt);
        return ending.ended_uncleanly() ? 0 : code;
    });
}

int stop(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    return end_with(session, [](Session& stopping, Ending& ending) {
        return stop_instance(stopping, ending, stopping.invocation.timeout);
    });
}

int kill(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    return end_with(session, &kill_instance);
}

int wait(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    auto running = running_service(session);
    if (!running) return session.console.fail(running.error());
    const auto sleep = session.tools.make_sleep();
    for (;;) {
        const auto found = find_instance(session, *running);
        if (!found) return session.console.fail(found.error());
        if (!*found) {
            if (session.invocation.test || session.console.uses_json())
                session.console.say(not_running_in_words(*running), {{"is-running", false}});
            return 0;
        }
        if (session.invocation.test) {
            Object told{{"is-running", true}};
            if ((*found)->pid > 0) told.append("pid", (*found)->pid);
            session.console.say("running (" + (*found)->in_words() + ")", told);
            return exit_status::held;
        }
        const auto waited = running->wait_for_end(**found, std::nullopt, *sleep);
        if (!waited) return session.console.fail(waited.error());
        if (*waited == RunningService::Waited::interrupted) return to_int(ExitCode::timeout);
    }
}

}  // namespace servicekit::cli
