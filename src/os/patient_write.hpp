#pragma once

#include <cstddef>
#include <string_view>

#include "os/deadline.hpp"

namespace servicekit::os {

struct PatientWriting {
    std::size_t bytes = 0;
    int errno_value = 0;  ///< why it is not all; EAGAIN where the time was up
};

/// Writes to what may be a pipe, a terminal, a socket or a file that other processes have open, too: so without making
/// it non-blocking, which would hold for them as well, and yet without waiting longer than asked. A regular file is
/// written as fast as it takes.
/// Async-signal-safe.
/// \pre SIGPIPE does no harm, as under a SigpipeBlock.
[[nodiscard]] PatientWriting patient_write(int descriptor, std::string_view text, const Deadline& deadline);

}  // namespace servicekit::os
