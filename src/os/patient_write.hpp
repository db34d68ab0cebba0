#pragma once

#include <cstddef>
#include <string_view>

#include "os/deadline.hpp"

namespace servicekit::os {

struct PatientWriting {
    std::size_t bytes = 0;
    int errno_value = 0;  ///< why not everything was written; EAGAIN if the time was up
};

/// Writes to a pipe, a terminal, a socket or a file that other processes may also have open. Does not make it
/// non-blocking, as that would affect those processes too, yet waits no longer than the deadline. A regular file
/// is written without a time limit.
/// Async-signal-safe.
/// \pre SIGPIPE does no harm, for example under a SigpipeBlock.
[[nodiscard]] PatientWriting patient_write(int descriptor, std::string_view text, const Deadline& deadline);

}  // namespace servicekit::os
