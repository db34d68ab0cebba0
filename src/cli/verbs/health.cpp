#include <algorithm>
#include <string>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/readiness.hpp"
#include "cli/text.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds longest_check = 5s;
/// Client adds this to the caller's time, so that the service itself reports `timeout`.
constexpr milliseconds client_grace = 500ms;

/// A word for the state, and whether it is healthy.
struct Verdict {
    bool is_healthy = false;
    std::string word;
    Value::List checks = {};  ///< of the service, as its status has them
};

Result<Object> ask_status(Session& session, const Instance& instance, milliseconds at_most) {
    auto client = connect_to(session, instance);
    if (!client) return client.error();
    return status_of(*client, std::max(at_most - client_grace, milliseconds{1}));
}

/// Returns a text if an event has run for longer than any should: it hangs, whatever the state is.
std::string overdue_event(const Object& busy, milliseconds at_most) {
    const Value* seconds = busy.find("seconds");
    if (seconds == nullptr || !seconds->is_number() ||
        seconds->as_number() * 1000.0 < static_cast<double>(at_most.count()))
        return {};
    return "'" + busy.get<std::string>("event", {}) + "' has been running for " + plain_text(*seconds) + " s";
}

Verdict judge(const Object& status, const Invocation& asked) {
    static const Object idle;
    const Value* found = status.find("busy");
    const Object& busy = found != nullptr && found->is_object() ? found->as_object() : idle;
    if (asked.max_busy)
        if (std::string overdue = overdue_event(busy, *asked.max_busy); !overdue.empty())
            return {.word = (asked.live ? "hangs: " : "not ready: ") + overdue};

    const std::string state = status.get<std::string>("state", {});
    if (state.empty()) return {.word = "its status has no state"};
    if (asked.live) return {.is_healthy = true, .word = "live (" + state + ")"};
    if (const std::string obstacle = obstacle_to_readiness(status); !obstacle.empty())
        return {.word = "not ready: " + obstacle, .checks = checks_in(status)};
    const std::string failing = failing_checks(status);
    return {.is_healthy = true, .word = failing.empty() ? "ready" : "ready; " + failing, .checks = checks_in(status)};
}

Result<Verdict> examine(Session& session) {
    auto running = running_service(session);
    if (!running) return running.error();
    const auto instance = find_instance(session, *running);
    if (!instance) return instance.error();
    if (!*instance) return Verdict{.word = not_running_in_words(*running)};
    const auto at_most = session.invocation.timeout.value_or(longest_check);
    const auto status = ask_status(session, **instance, at_most);
    if (!status) return status.error();
    return judge(*status, session.invocation);
}

}  // namespace

int health(Session& session) {
    if (const int code = load_as_client(session); code != 0)
        return code == to_int(ExitCode::configuration) ? code : exit_status::unhealthy;
    const auto verdict = examine(session);
    if (!verdict) return fail_to_find(session, verdict.error(), exit_status::unhealthy);
    Object told{{"healthy", verdict->is_healthy}, {"verdict", verdict->word}};
    if (!verdict->checks.empty()) told.append("checks", verdict->checks);
    if (!verdict->is_healthy) {
        session.console.complain(verdict->word);
        if (session.console.uses_json()) session.console.print_json(told);
        return exit_status::unhealthy;
    }
    session.console.say(verdict->word, told);
    return 0;
}

}  // namespace servicekit::cli
