#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <set>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/children.hpp"

namespace servicekit::mocks {

/// The children of a process's main thread, in memory. Everything runs on the thread of the test.
class FakeChildren final : public os::Children {
public:
    explicit FakeChildren(FakeClock& clock) : clock_{&clock} {}

    [[nodiscard]] bool adopts_orphans() const override { return adopts_orphans_; }
    [[nodiscard]] std::vector<pid_t> ended() override { return {ended_.begin(), ended_.end()}; }
    void reap(pid_t child) override;
    /// Runs `body` in the calling thread; pass() calls `look` as time passes.
    Result<void> run_beside(const std::function<void()>& body, std::chrono::milliseconds period,
                            const std::function<void()>& look) override;

    /// For `run_beside`.
    FakeFailures& failures() noexcept { return failures_; }

    /// Makes the process pid 1.
    void become_first_process() noexcept { adopts_orphans_ = true; }
    /// Ends a child of the main thread.
    void end(pid_t child) { ended_.insert(child); }
    /// Waits for a child, from any thread. \returns true if its exit status was still available
    bool wait_for(pid_t child) { return ended_.erase(child) > 0; }
    /// Lets time pass within a body: advances the clock and calls `look`.
    void pass(std::chrono::milliseconds time);
    [[nodiscard]] bool is_beside() const noexcept { return look_ != nullptr; }
    /// Returns the reaped children, in order.
    [[nodiscard]] const std::vector<pid_t>& reaped() const noexcept { return reaped_; }

private:
    FakeClock* clock_;
    FakeFailures failures_{"run_beside"};
    bool adopts_orphans_ = false;
    std::set<pid_t> ended_;
    std::vector<pid_t> reaped_;
    std::function<void()> look_;
    std::chrono::milliseconds period_{};
    std::chrono::milliseconds since_look_{};
};

}  // namespace servicekit::mocks
