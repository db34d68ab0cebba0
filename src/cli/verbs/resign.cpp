#include <algorithm>
#include <chrono>
#include <string>

#include "base/durations.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds longest_status_answer = 2s;
/// The service may ask the servers that keep its lock, before its activity ends and after that.
constexpr milliseconds longest_successor_answer = 10s;
constexpr milliseconds longest_wait_for_successor = 30s;
constexpr milliseconds between_questions = 500ms;
/// What a call gets even if the time is over.
constexpr milliseconds shortest_call = 500ms;

bool is_active_instance(Client& client, milliseconds at_most) {
    const auto status = client.call("status", {}, {.timeout = std::min(longest_status_answer, at_most)});
    const Value* const role = status ? status->find("role") : nullptr;
    return role != nullptr && *role == Value{"active"};
}

}  // namespace

int resign(Session& session) {
    return with_client(session, "resign", [&session](Client& client) {
        const Invocation& asked = session.invocation;
        // Progress of on_stop() extends its time.
        const Settings& settings = session.service.settings();
        const auto longest_end = std::max(settings.get(setting::stop_timeout), settings.get(setting::extended_timeout));
        const auto at_most = asked.timeout.value_or(longest_end + longest_successor_answer);
        Object arguments;
        if (asked.force) arguments.append("force", true);
        const auto reply = client.call("resign", arguments, {.timeout = at_most});
        if (reply) {
            session.console.say("has resigned and stands by", *reply);
            return 0;
        }
        if (reply.error().code() != "no-successor") return fail_call(session, reply.error());
        session.console.complain("no other instance stands by; --force makes this one resign anyway");
        session.console.explain_failure(reply.error().fields());
        return to_int(ExitCode::already_running);
    });
}

bool await_successor(Session& session) {
    const os::Clock& clock = *session.tools.host.clock;
    const auto at_most = session.invocation.timeout.value_or(longest_wait_for_successor);
    const auto until = clock.steady_now() + at_most;
    const auto time_left = [&] {
        return std::max(std::chrono::ceil<milliseconds>(until - clock.steady_now()), shortest_call);
    };
    const auto sleep = session.tools.make_sleep();
    auto running = running_service(session);
    if (!running) return true;
    for (bool is_told = false;;) {
        const auto instance = find_instance(session, *running);
        if (!instance || !*instance) return true;
        auto client = connect_to(session, **instance);
        if (!client || !is_active_instance(*client, time_left())) return true;
        const auto found =
            client->call("resign", {{"test", true}}, {.timeout = std::min(longest_successor_answer, time_left())});
        const Value* const has_successor = found ? found->find("has-successor") : nullptr;
        if (has_successor != nullptr && *has_successor == Value{true}) return true;
        if (clock.steady_now() >= until) {
            const std::string why = found ? "" : std::string{" ("} + found.error().what() + ")";
            session.console.complain("no other instance has stood by within " + time_in_words(at_most) + why +
                                     "; going on without one");
            return true;
        }
        if (!is_told) session.console.complain("waiting for another instance that stands by");
        is_told = true;
        if (sleep->sleep_for(between_questions)) continue;
        session.console.complain("interrupted while waiting for another instance; the service goes on");
        return false;
    }
}

}  // namespace servicekit::cli
