#pragma once

#include <cstddef>

namespace servicekit::os {

/// What came of one non-blocking call on a connection or a pipe.
struct Transfer {
    enum class State {
        done,         ///< `bytes` were moved, at least one
        would_block,  ///< nothing can be moved now
        closed,       ///< the peer has closed its sending side (receive), or all of it (send)
        failed,       ///< as errno_value tells
    };
    State state = State::done;
    std::size_t bytes = 0;
    int errno_value = 0;
};

}  // namespace servicekit::os
