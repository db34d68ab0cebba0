#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::servicectl::web {

/// How a program ended that this process ran.
struct ProgramResult {
    int exit_code = 0;        ///< 128 and the number of the signal that ended it
    std::string output = {};  ///< of stdout and stderr, at most 16 KiB
};

/// The loop of the server's one thread. Only that thread may use it, except for post().
class Loop {
public:
    virtual ~Loop() = default;
    [[nodiscard]] virtual std::unique_ptr<os::Timer> timer() = 0;
    /// Watches a copy of the descriptor, so the original may be closed first.
    /// \throws std::system_error if there are too few descriptors
    [[nodiscard]] virtual std::unique_ptr<os::Watch> watch(int descriptor) = 0;
    /// Runs a function on the loop's thread. Thread-safe. Not called any more when the loop has ended.
    virtual void post(std::function<void()> call) = 0;
    /// Runs a program without input. It goes on if the loop ends.
    /// \param on_end called once, unless the loop ends earlier
    virtual Result<void> run(const std::vector<std::string>& command, std::function<void(ProgramResult)> on_end) = 0;
};

/// Brings functions from other threads to the loop while its owner exists. A thread may outlive that.
class Mailbox {
public:
    explicit Mailbox(Loop& loop) : loop_{&loop} {}
    void post(std::function<void()> call) {
        const std::lock_guard lock{mutex_};
        if (loop_ != nullptr) loop_->post(std::move(call));
    }
    void close() {
        const std::lock_guard lock{mutex_};
        loop_ = nullptr;
    }

private:
    std::mutex mutex_;
    Loop* loop_;
};

}  // namespace servicekit::servicectl::web
