#include <chrono>

#include "cli/verbs/verb_functions.hpp"
#include "core/metrics_json.hpp"
#include "core/metrics_text.hpp"

namespace servicekit::cli {

int metrics(Session& session) {
    constexpr std::chrono::seconds longest_answer{10};
    return with_client(session, "metrics", [&](Client& client) {
        Console& console = session.console;
        const auto reply = client.call("metrics", {}, {.timeout = longest_answer});
        if (!reply) return fail_call(session, reply.error());
        if (console.uses_json()) {
            console.print_json(*reply);
            return 0;
        }
        const auto families = metrics_from_json(*reply);
        if (!families) return console.fail(families.error());
        console.print(metrics_text(
            *families, session.invocation.openmetrics ? MetricsFormat::openmetrics : MetricsFormat::prometheus));
        return 0;
    });
}

}  // namespace servicekit::cli
