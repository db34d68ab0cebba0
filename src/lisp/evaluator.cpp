#include "lisp/evaluator.hpp"

#include <algorithm>
#include <utility>

#include "base/durations.hpp"

namespace servicekit::lisp {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Result<void> Evaluator::boot() {
    switch (state_) {
        case State::booted:
            return {};
        case State::failed:
        case State::shut_down:
            return Error{ExitCode::internal, "evaluate", "",
                         state_ == State::failed ? "Lisp could not be booted" : "Lisp was shut down"};
        case State::idle:
            break;
    }
    state_ = State::failed;
    if (auto booted = machine_->boot(jobs_, limits_); !booted) return booted;
    state_ = State::booted;
    if (on_boot_) on_boot_();
    return {};
}

Result<Evaluation> Evaluator::evaluate(const Task& task) {
    if (auto booted = boot(); !booted) return booted.error();
    const Bounds outer = innermost_;
    Bounds bounds{.end = outer.end, .stop = task.stop.stop_possible() ? task.stop : outer.stop};
    bool has_own_end = false;
    if (task.time_limit) {
        const auto own_end = Clock::now() + *task.time_limit;
        has_own_end = !outer.end || own_end < *outer.end;
        if (has_own_end) bounds.end = own_end;
    }

    const auto job = jobs_->submit(task);
    innermost_ = bounds;
    auto evaluation = jobs_->wait(*job, bounds.end, bounds.stop);
    innermost_ = outer;
    if (evaluation) return std::move(*evaluation);
    if (bounds.stop.stop_requested()) return end_early(*job, "interrupted");
    return end_early(*job, has_own_end ? "it took longer than " + time_in_words(*task.time_limit)
                                       : "what it belongs to took too long");
}

Evaluation Evaluator::end_early(const Job& job, const std::string& why) {
    const Bounds outer = innermost_;
    const auto end = Clock::now() + patience_.grace;
    // Nested tasks of the form's clean-up end at the same time.
    innermost_ = {.end = end};
    std::optional<Evaluation> evaluation;
    while (!evaluation && Clock::now() < end) {
        machine_->interrupt(job.id);
        evaluation = jobs_->wait(job, Clock::now() + patience_.interrupt_interval, {});
    }
    innermost_ = outer;
    if (evaluation) {
        // The form may have ended by itself at the same moment.
        if (evaluation->fault && evaluation->fault->kind == FaultKind::timeout) evaluation->fault->message = why;
        return std::move(*evaluation);
    }
    Fault fault{.kind = FaultKind::stuck, .type = "STUCK", .message = why + ", and can't be interrupted"};
    if (jobs_->abandon(job))
        if (const auto replaced = machine_->replace_worker(); !replaced) {
            fault.message += "; " + replaced.error().message();
            state_ = State::failed;
        }
    return {.fault = std::move(fault)};
}

void Evaluator::shut_down() noexcept {
    const bool was_booted = state_ == State::booted || state_ == State::failed;
    state_ = State::shut_down;
    jobs_->close();
    if (was_booted) machine_->shut_down(patience_.end_limit);
}

}  // namespace servicekit::lisp
