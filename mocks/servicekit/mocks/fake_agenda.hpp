#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "servicekit/base/error.hpp"
#include "servicekit/mocks/fake_task.hpp"

namespace servicekit::mocks {

/// The work of one fake loop: FakeEventLoop adds it, FakeReactor does it.
struct FakeAgenda {
    struct Timer {
        std::function<void()> callback = {};  ///< empty: not running
        std::chrono::steady_clock::time_point deadline = {};
        std::uint64_t started = 0;  ///< orders timers with the same deadline
    };
    struct Direction {
        std::function<void()> callback = {};  ///< empty: nothing awaited
        std::uint64_t served = 0;             ///< when it was last called, so that none starves another
    };
    struct Watch {
        int descriptor = -1;
        std::uint64_t opening = 0;  ///< distinguishes the descriptor from a later one with the same number
        Direction readable = {};
        Direction writable = {};
    };

    FakeTask::Id owner = FakeTask::current_thread();  ///< the thread that turns it
    std::deque<std::function<void()>> posted = {};
    std::function<void(const Error&)> on_failure = {};
    std::vector<std::weak_ptr<Timer>> timers = {};
    std::vector<std::weak_ptr<Watch>> watches = {};
    std::uint64_t turn = 0;          ///< when the current turn of the loop began; 0: the loop waits
    std::size_t posted_in_turn = 0;  ///< number of posted calls left in this turn
    bool is_running = false;         ///< between start() and stop()
    bool is_stopped = false;
    int depth = 0;  ///< number of active calls to callbacks

    /// \returns those that still exist; forgets the others
    template <class Thing>
    static std::vector<std::shared_ptr<Thing>> alive(std::vector<std::weak_ptr<Thing>>& things) {
        std::vector<std::shared_ptr<Thing>> found;
        std::erase_if(things, [&found](const std::weak_ptr<Thing>& thing) {
            auto strong = thing.lock();
            if (strong != nullptr) found.push_back(std::move(strong));
            return thing.expired();
        });
        return found;
    }
};

}  // namespace servicekit::mocks
