#pragma once

#include <chrono>
#include <thread>

#include "policies/log/turns.hpp"

namespace servicekit::policies {

/// Tries for a tenth of a second to get the turn, in a signal handler: who has it is about to pass it on, or never will.
/// Once that was in vain the next ones don't wait, until one gets it. Async-signal-safe.
class LastTurn {
public:
    explicit LastTurn(Turns& turns) noexcept : turns_{turns}, is_ours_{turns.take()} {
        for (int tries = 0; !is_ours_ && !turns_.last_was_in_vain_.load() && tries < 100; ++tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});  // nanosleep(2), and nothing beside it
            is_ours_ = turns_.take();
        }
        turns_.last_was_in_vain_.store(!is_ours_);
    }
    LastTurn(const LastTurn&) = delete;
    LastTurn& operator=(const LastTurn&) = delete;
    ~LastTurn() {
        if (is_ours_) turns_.leave();
    }
    [[nodiscard]] bool is_ours() const noexcept { return is_ours_; }

private:
    Turns& turns_;
    bool is_ours_;
};

}  // namespace servicekit::policies
