#include "core/reply_check.hpp"

#include <utility>

#include "servicekit/base/json.hpp"

namespace servicekit {

[[gnu::hot]] Reply expressible(const EventDeclaration& event, Reply reply) {
    const auto fault = find_not_json(reply.fields());
    if (!fault) return reply;
    if (event.name != "status")
        throw ErrorReply("the reply has no form in JSON: '" + fault->pointer + "': " + fault->reason,
                         {{"field", fault->pointer}});
    // A client that monitors the status still gets its other fields.
    Object rest;
    Value::List left_out;
    for (const auto& [key, value] : reply.fields()) {
        if (const auto in_field = find_not_json(Object{{key, value}}))
            left_out.emplace_back(in_field->pointer + ": " + in_field->reason);
        else
            rest.append(key, value);
    }
    rest.set("left-out", std::move(left_out));
    return Reply{std::move(rest)};
}

}  // namespace servicekit
