#pragma once

#include <chrono>
#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Returns "8 s", or "1500 ms" if the time is not in whole seconds.
[[nodiscard]] inline std::string time_in_words(std::chrono::milliseconds time) {
    const auto count = time.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

/// Returns the time in seconds, as an integer if it is in whole seconds.
[[nodiscard]] inline Value seconds_value(std::chrono::milliseconds time) {
    const auto count = time.count();
    return count % 1000 == 0 ? Value{count / 1000} : Value{static_cast<double>(count) / 1000.0};
}

}  // namespace servicekit
