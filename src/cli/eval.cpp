#include "cli/evaluation.hpp"
#include "cli/verb_functions.hpp"

namespace servicekit::cli {

int eval(Session& session) {
    return with_client(session, "eval", [&](Client& client) {
        const Invocation& invocation = session.invocation;
        const EvaluationRequest request{
            .forms = invocation.forms, .package = invocation.package, .time_limit = invocation.timeout};
        const auto reply = evaluate(client, request);
        if (!reply) return session.console.fail(reply.error());
        session.console.print(evaluation_text(*reply));
        return 0;
    });
}

}  // namespace servicekit::cli
