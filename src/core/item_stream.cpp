#include "core/item_stream.hpp"

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>

#include "core/protocol.hpp"
#include "core/reply_check.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

ErrorReply too_many_items() {
    return ErrorReply{"the reply has more than " + std::to_string(CollectedItems::limit) +
                          " bytes of items: ask for them by the option 'stream'",
                      {{"limit", CollectedItems::limit}}};
}

}  // namespace

bool send_item(QueuedEvent& run, const Object& item, const Waiting& waiting,
               const std::function<void()>& while_waiting) {
    static_cast<void>(expressible(run.event(), Reply{item}));
    const std::stop_token stop = run.stop_token();
    if (stop.stop_requested() || run.is_answered()) return false;
    if (!run.wants_items()) {
        if (!run.collect(item, to_json(item).size())) throw too_many_items();
        return true;
    }
    const std::string line = encode_item(item);
    const auto deadline = run.deadline().value_or(end_of_wait(waiting.now(), std::chrono::hours::max()));
    for (;;) {
        std::stop_source wake;
        const auto request_wake = [wake]() mutable { wake.request_stop(); };
        switch (run.send_item(line, request_wake)) {
            case Responder::Sent::yes:
                return true;
            case Responder::Sent::never:
                return false;
            case Responder::Sent::full:
                break;
        }
        const std::stop_callback at_stop{stop, request_wake};
        for (bool is_awake = false; !is_awake;) {
            const auto until = std::min(deadline, waiting.now() + std::chrono::seconds{1});
            is_awake = !waiting.wait_until(until, wake.get_token());
            if (while_waiting) while_waiting();
            if (stop.stop_requested() || (!is_awake && until == deadline)) return false;
        }
    }
}

void collect_item(const EventDeclaration& event, const Object& item, CollectedItems& into) {
    static_cast<void>(expressible(event, Reply{item}));
    if (!into.add(item, to_json(item).size())) throw too_many_items();
}

}  // namespace servicekit
