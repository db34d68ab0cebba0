#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include "servicekit/base/error.hpp"

namespace servicekit::os {

/// Returns the error of a failed pthread_create(3).
[[nodiscard]] inline Error thread_error(std::string action, std::string object, int errno_value) {
    Error error = os_error(std::move(action), std::move(object), errno_value);
    if (errno_value == EAGAIN)
        error.reason += " (too many processes, or no memory for its stack: RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA)";
    return error;
}

}  // namespace servicekit::os
