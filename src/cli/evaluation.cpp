#include "cli/evaluation.hpp"

#include <utility>

namespace servicekit::cli {

Result<Object> evaluate(Client& client, const EvaluationRequest& request) {
    Object arguments{{"forms", Value::List(request.forms.begin(), request.forms.end())}};
    if (!request.package.empty()) arguments.append("package", request.package);
    if (request.time_limit) arguments.append("time-limit", static_cast<double>(request.time_limit->count()) / 1000.0);
    return client.call("eval", arguments);
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

}  // namespace servicekit::cli
