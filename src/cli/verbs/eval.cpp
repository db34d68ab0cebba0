#include "cli/verbs/attended_call.hpp"
#include "cli/verbs/evaluation.hpp"

#include <cstddef>
#include <string>

#include "cli/exit_status.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {
namespace {

/// Returns "the form", or its number counted from one.
std::string which_form(const CallError& error, std::size_t forms) {
    const Value* index = error.fields().find("form-index");
    if (forms < 2 || index == nullptr || !index->is_integer()) return "the form";
    return "form " + std::to_string(index->as_integer() + 1);
}

}  // namespace

int eval(Session& session) {
    return with_client(session, "eval", [&](Client& client) {
        const Invocation& invocation = session.invocation;
        const EvaluationRequest request{
            .forms = invocation.forms, .package = invocation.package, .time_limit = invocation.timeout};
        const AttendedCall call{.event = "eval", .arguments = evaluation_arguments(request)};
        return call_attended(session, client, call, [&](const Result<Object, CallError>& reply) {
            if (reply) {
                session.console.tell(evaluation_text(*reply), *reply);
                return 0;
            }
            const CallError& error = reply.error();
            if (!is_of_lisp(error) && !is_without_lisp(error)) return fail_call(session, error);
            // The forms before the fault were still evaluated.
            session.console.tell(evaluation_text(error.fields()), {{"error", error.fields()}});
            session.console.complain("cannot evaluate " + which_form(error, request.forms.size()) + ": " +
                                     fault_text(error));
            return exit_status::error_reply;
        });
    });
}

}  // namespace servicekit::cli
