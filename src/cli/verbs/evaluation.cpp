#include "cli/verbs/evaluation.hpp"

#include <string_view>
#include <utility>

#include "base/durations.hpp"

namespace servicekit::cli {

Object evaluation_arguments(const EvaluationRequest& request) {
    Object arguments{{"forms", Value::List(request.forms.begin(), request.forms.end())}};
    if (!request.package.empty()) arguments.append("package", request.package);
    if (request.time_limit) arguments.append("time-limit", seconds_value(*request.time_limit));
    return arguments;
}

Result<Object, CallError> evaluate(Client& client, const EvaluationRequest& request,
                                   std::function<bool()> is_given_up) {
    return client.call("eval", evaluation_arguments(request), {.is_given_up = std::move(is_given_up)});
}

std::string evaluation_text(const Object& reply) {
    std::string text;
    if (const Value* output = reply.find("output"); output != nullptr && output->is_string()) {
        text = output->as_string();
        if (!text.empty() && text.back() != '\n') text += '\n';
    }
    const Value* values = reply.find("values");
    if (values == nullptr || !values->is_list()) return text;
    for (const Value& of_form : values->as_list())
        for (const Value& value : of_form.as_list()) text += value.as_string() + "\n";
    return text;
}

std::string_view no_lisp_text() { return "this service was built without Lisp support"; }

bool is_without_lisp(const CallError& error) { return error.code() == "event-not-found"; }

bool is_of_lisp(const CallError& error) { return error.fields().contains("kind"); }

std::string fault_text(const CallError& error) {
    if (is_without_lisp(error)) return std::string{no_lisp_text()};
    const std::string type = error.fields().get<std::string>("type", {});
    const std::string place = error.fields().get<std::string>("place", {});
    std::string text = place.empty() ? std::string{} : place + ": ";
    text += error.what();
    text += " (" + (type.empty() ? error.code() : type) + ")";
    return text;
}

}  // namespace servicekit::cli
