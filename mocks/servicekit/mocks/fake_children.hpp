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

/// The children of a process's first thread, in memory. All runs on the thread of the test.
class FakeChildren final : public os::Children {
public:
    explicit FakeChildren(FakeClock& clock) : clock_{&clock} {}

    [[nodiscard]] bool adopts_orphans() const override { return adopts_orphans_; }
    [[nodiscard]] std::vector<pid_t> ended() override { return {ended_.begin(), ended_.end()}; }
    void reap(pid_t child) override;
    /// Runs `body` in the calling thread; `look` is called while pass() lets time go by.
    Result<void> run_beside(const std::function<void()>& body, std::chrono::milliseconds period,
                            const std::function<void()>& look) override;

    /// `run_beside`.
    FakeFailures& failures() noexcept { return failures_; }

    /// The process is pid 1 from now on.
    void become_first_process() noexcept { adopts_orphans_ = true; }
    /// A child of the first thread ends.
    void end(pid_t child) { ended_.insert(child); }
    /// Somebody waits for it, from whichever thread. \returns whether its exit status was still to be had
    bool wait_for(pid_t child) { return ended_.erase(child) > 0; }
    /// Lets time go by within a body: the clock moves on, and the other thread looks.
    void pass(std::chrono::milliseconds time);
    [[nodiscard]] bool is_beside() const noexcept { return look_ != nullptr; }
    /// Those that were reaped, in their order.
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
