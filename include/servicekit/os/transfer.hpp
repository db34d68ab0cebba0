#pragma once

#include <cstddef>

namespace servicekit::os {

/// The result of one non-blocking call on a connection or a pipe.
struct Transfer {
    /// How the call ended.
    enum class State {
        done,         ///< `bytes` were transferred, at least one
        would_block,  ///< nothing can be transferred now
        closed,       ///< the peer has closed its sending side (receive), or all of it (send)
        failed,       ///< errno_value has the reason
    };
    State state = State::done;  ///< how the call ended
    std::size_t bytes = 0;      ///< number of bytes that were transferred
    int errno_value = 0;        ///< the error of the system call, if it failed
};

}  // namespace servicekit::os
