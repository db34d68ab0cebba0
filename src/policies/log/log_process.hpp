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

/// The program that takes the lines of a log: is started, and again when it ends, with a pause that grows as long as it
/// does not prove to last.
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
    /// What has to be said in the log about it.
    using Tell = std::function<void(const std::string& message)>;

    LogProcess(Plan plan, os::ProgramInput& input, os::Programs& programs, const os::Clock& clock, Tell tell);

    /// \returns an error where it does not start, or ends within the plan's start_wait
    Result<void> start();
    [[nodiscard]] bool was_started() const noexcept { return was_started_; }
    /// Watches it from now on. \pre it was started
    void watch(os::EventLoop& loop);
    /// \returns an error where it does not run
    Result<void> signal(int number);
    /// The loop has ended.
    void unwatch() noexcept;
    /// It is not started anew any more, but by revive(). From any thread.
    void leave_alone();

    // Once it was left alone.

    /// Starts it where it was started once and does not run any more, a few times at most. \returns whether it runs
    bool revive();
    /// \returns whether it has ended
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

    mutable std::mutex mutex_;  // guards what follows; the loop's thread alone uses what `watching_` has
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
