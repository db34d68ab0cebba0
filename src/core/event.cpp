#include "servicekit/core/event.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
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

bool Context::wait(std::chrono::milliseconds time) const {
    if (waiting_ != nullptr) return (*waiting_)(time, stop_);
    // A longer time would overflow the clock.
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 100};
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock{mutex};
    stopped.wait_for(lock, stop_, std::min(time, longest), [] { return false; });
    return !stop_.stop_requested();
}

ErrorReply::ErrorReply(const std::string& message, Object fields, std::string code)
    : std::runtime_error{message}, code_{std::move(code)}, fields_{std::move(fields)} {
    for (const char* reserved : {"code", "message", "event"}) fields_.erase(reserved);
}

}  // namespace servicekit
