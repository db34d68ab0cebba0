#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/programs.hpp"

namespace servicekit::policies {

/// The program that takes the lines of a log. It is started, and restarted when it ends, after a pause that grows until
/// the program has run long enough.
class LogProcess {
public:
    struct Plan {
        std::vector<std::string> command = {};
        os::ProgramOutput output = os::ProgramOutput::inherit;
        std::chrono::milliseconds start_wait{};
        std::chrono::milliseconds first_pause{};
        std::chrono::milliseconds longest_pause{};
        std::chrono::milliseconds proven_after{};
    };
    /// Logs a message about the program.
    using Tell = std::function<void(const std::string& message)>;

    LogProcess(Plan plan, os::ProgramInput& input, os::Programs& programs, const os::Clock& clock, Tell tell);

    /// \returns an error if it does not start, or ends within the plan's start_wait
    Result<void> start();
    [[nodiscard]] bool was_started() const noexcept { return was_started_; }
    /// Watches it from now on. \pre it was started
    void watch(os::EventLoop& loop);
    /// \returns an error if it is not running
    Result<void> signal(int number);
    /// Stops watching it, because the loop has ended.
    void unwatch() noexcept;
    /// Makes revive() the only way to restart it. From any thread.
    void leave_alone();

    // Call these after leave_alone().

    /// Starts it if it was started before and is not running, a few times at most. \returns true if it is running
    bool revive();
    /// \returns true if it has ended
    bool wait_for_end(std::chrono::milliseconds at_most);

    [[nodiscard]] const std::string& name() const noexcept { return plan_.command.front(); }
    /// "'multilog' (pid 4711)"
    [[nodiscard]] std::string in_words() const;

private:
    struct Watching {
        std::unique_ptr<os::Watch> end = {};
        std::unique_ptr<os::Timer> restart = {};
    };

    Result<void> launch();
    void await_end();
    void on_end();
    void on_pause_over();
    [[nodiscard]] std::chrono::milliseconds next_pause() const;
    [[nodiscard]] std::string obituary(const os::ProgramEnd& end) const;

    Plan plan_;
    os::ProgramInput* input_;
    os::Programs* programs_;
    const os::Clock* clock_;
    Tell tell_;
    os::EventLoop* loop_ = nullptr;

    mutable std::mutex mutex_;  // guards what follows; only the loop's thread uses the contents of `watching_`
    std::shared_ptr<os::Program> program_;
    std::unique_ptr<Watching> watching_;
    std::chrono::steady_clock::time_point started_at_;
    std::chrono::milliseconds pause_{0};
    unsigned revivals_ = 0;
    bool was_started_ = false;
    bool is_left_alone_ = false;
};

/// "ended with status 1", "was killed by signal 9"
[[nodiscard]] std::string in_words(const os::ProgramEnd& end);

}  // namespace servicekit::policies
