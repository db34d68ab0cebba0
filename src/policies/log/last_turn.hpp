#pragma once

#include <chrono>
#include <optional>
#include <thread>

#include "policies/log/turns.hpp"

namespace servicekit::policies {

/// Tries for a tenth of a second to get the turn, in a signal handler: who has it is about to pass it on, or never will.
class LastTurn {
public:
    explicit LastTurn(Turns& turns) {
        for (int tries = 0; tries < 100; ++tries) {
            turn_.emplace(turns, std::chrono::milliseconds{0});
            if (turn_->is_ours()) return;
            std::this_thread::sleep_for(std::chrono::milliseconds{1});  // nanosleep(2), and nothing beside it
        }
    }

private:
    std::optional<Turns::Turn> turn_;
};

}  // namespace servicekit::policies
