#include "os/streams/stdout_lines.hpp"

#include <stdio_ext.h>

#include <cstdio>

namespace servicekit::os {

void buffer_stdout_by_lines() noexcept {
    // An unbuffered stream has a buffer of one byte.
    const bool is_unbuffered = __fbufsize(stdout) == 1;
    if (is_unbuffered || __flbf(stdout) != 0) return;
    static_cast<void>(std::setvbuf(stdout, nullptr, _IOLBF, 0));
}

}  // namespace servicekit::os
