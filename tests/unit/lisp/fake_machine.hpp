#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// A Lisp that does what the test sets. Its workers are threads, like the real ones: a wait for a job blocks.
class FakeMachine final : public Machine {
public:
    FakeMachine() = default;
    ~FakeMachine() override { shut_down({}); }
    FakeMachine(const FakeMachine&) = delete;
    FakeMachine& operator=(const FakeMachine&) = delete;

    Result<void> boot(std::shared_ptr<Work> work, const Limits& limits) override {
        ++boots;
        if (boot_error) return *boot_error;
        work_ = std::move(work);
        limits_ = limits;
        return start_worker();
    }
    void interrupt(JobId job) override {
        const std::lock_guard guard{mutex_};
        ++interrupts_[job];
        changed_.notify_all();
    }
    Result<void> replace_worker() override {
        ++replacements;
        if (replace_error) return *replace_error;
        return start_worker();
    }
    void shut_down(std::chrono::milliseconds /*at_most*/) noexcept override {
        ++shut_downs;
        end_forms();
        for (auto& worker : workers_) worker.join();
        workers_.clear();
    }

    // Functions for the test.

    /// Returns the outcome of a job. The thread that does the job calls it. Set it only while no job runs.
    std::function<Evaluation(const Job&)> evaluate = [](const Job&) { return Evaluation{}; };
    std::optional<Error> boot_error;
    std::optional<Error> replace_error;
    int boots = 0;
    int replacements = 0;
    int shut_downs = 0;

    /// Makes forms that wait, now or later, end by themselves.
    void end_forms() {
        const std::lock_guard guard{mutex_};
        ends_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
    /// Returns the tasks so far, in order.
    [[nodiscard]] std::vector<Task> tasks() const {
        const std::lock_guard guard{mutex_};
        return tasks_;
    }
    /// Returns the texts of all tasks.
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> texts;
        for (const Task& task : tasks()) texts.insert(texts.end(), task.texts.begin(), task.texts.end());
        return texts;
    }
    [[nodiscard]] int interrupts_of(JobId job) const {
        const std::lock_guard guard{mutex_};
        const auto found = interrupts_.find(job);
        return found != interrupts_.end() ? found->second : 0;
    }

    // Functions for `evaluate`.

    /// Acts like a form that leaves at the nth interrupt. \returns what the real machine returns then
    Evaluation leave_at_interrupt(JobId job, int nth) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return ends_ || interrupts_[job] >= nth; });
        return {.fault = Fault{.kind = FaultKind::timeout, .type = "TIMEOUT"}};
    }
    /// Acts like a form that does not leave before Lisp ends or end_forms() is called.
    Evaluation stay() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return ends_; });
        return {};
    }
    /// Acts like a form that calls the service.
    Answer ask(const std::string& function, Value::List arguments = {}) {
        const CallId call = work_->ask(function, std::move(arguments));
        for (;;) {
            auto step = work_->await(call);
            if (auto* answer = std::get_if<Answer>(&step)) return std::move(*answer);
            do_job(*std::get<std::shared_ptr<const Job>>(step));
        }
    }
    void log(const std::string& level, const std::string& text) { work_->log(level, text); }

private:
    Result<void> start_worker() {
        workers_.emplace_back([this] {
            while (const auto job = work_->next_job()) do_job(*job);
        });
        return {};
    }
    void do_job(const Job& job) {
        {
            const std::lock_guard guard{mutex_};
            tasks_.push_back(job.task);
        }
        work_->finish(job.id, evaluate(job));
    }

    std::shared_ptr<Work> work_;
    Limits limits_;
    std::vector<std::thread> workers_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Task> tasks_;
    std::map<JobId, int> interrupts_;
    bool ends_ = false;
};

}  // namespace servicekit::lisp
