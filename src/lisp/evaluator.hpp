#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "lisp/job_queue.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// Time limits of an Evaluator.
struct Patience {
    /// How long an interrupted form may take to clean up before it counts as stuck.
    std::chrono::milliseconds grace{2000};
    /// An interrupt is lost if it arrives before the thread can be interrupted, so it is sent repeatedly.
    std::chrono::milliseconds interrupt_interval{20};
    /// How long Lisp's threads may take to end when the service ends.
    std::chrono::milliseconds end_limit{700};
};

/// Runs tasks in Lisp, each with a time limit. A nested task also ends with the outer task's
/// limit. For the handler thread.
class Evaluator {
public:
    Evaluator(std::unique_ptr<Machine> machine, Machine::Limits limits, JobQueue::Host host, Patience patience = {})
        : machine_{std::move(machine)},
          limits_{limits},
          patience_{patience},
          jobs_{std::make_shared<JobQueue>(std::move(host))} {}
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;
    ~Evaluator() { shut_down(); }

    /// Sets a callback that runs once Lisp has booted, before the first task.
    void on_boot(std::function<void()> callback) { on_boot_ = std::move(callback); }
    /// Runs the task, and first boots Lisp if it has not booted yet. \returns an error if
    /// it cannot boot or was shut down
    Result<Evaluation> evaluate(const Task& task);
    /// Answers calls of Lisp's threads while no handler waits for them.
    void serve_calls() { jobs_->serve_calls(); }
    [[nodiscard]] bool has_booted() const noexcept { return state_ == State::booted; }
    /// May be called any number of times.
    void shut_down() noexcept;

private:
    enum class State { idle, booted, failed, shut_down };
    /// Limits that end a task early.
    struct Bounds {
        std::optional<std::chrono::steady_clock::time_point> end = {};
        std::stop_token stop = {};
    };
    Result<void> boot();
    Evaluation end_early(const Job& job, const std::string& why);

    std::unique_ptr<Machine> machine_;
    Machine::Limits limits_;
    Patience patience_;
    std::shared_ptr<JobQueue> jobs_;
    std::function<void()> on_boot_;
    State state_ = State::idle;
    Bounds innermost_;  ///< of the innermost waiting task
};

}  // namespace servicekit::lisp
