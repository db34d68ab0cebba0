#include "servicekit/core/event.hpp"

#include <stdexcept>
#include <utility>

namespace servicekit {
std::string_view to_string(ParameterType type) noexcept {
    switch (type) {
        case ParameterType::string:
            return "string";
        case ParameterType::integer:
            return "integer";
        case ParameterType::number:
            return "number";
        case ParameterType::boolean:
            return "boolean";
        case ParameterType::path:
            return "path";
        case ParameterType::list:
            return "list";
        case ParameterType::object:
            break;
    }
    return "object";
}

bool Context::wait_until(Waiting::Time time) const {
    const bool is_in_time = !deadline_ || time <= *deadline_;
    return waiting_->wait_until(is_in_time ? time : *deadline_, stop_) && is_in_time;
}

PendingReply Context::reply_later() {
    if (!later_) throw std::logic_error{"reply_later(): this run has to be answered by what its handler returns, once"};
    return std::exchange(later_, nullptr)();
}

bool Context::send(const Object& item) {
    if (!items_)
        throw std::logic_error{"send(): only an event that is declared concurrent, or that replies later, sends items"};
    return items_(item);
}

ErrorReply::ErrorReply(const std::string& message, Object fields, std::string code)
    : std::runtime_error{message}, code_{std::move(code)}, fields_{std::move(fields)} {
    for (const char* reserved : {"code", "message", "event"}) fields_.erase(reserved);
}

}  // namespace servicekit
