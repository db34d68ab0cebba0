#include "lisp/evaluator.hpp"

#include <algorithm>
#include <utility>

namespace servicekit::lisp {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// An interrupt may come before the thread is where it can be interrupted, and is lost then: so it is sent again.
constexpr auto interrupt_interval = 20ms;

/// How long Lisp's threads may take to end when the service does.
constexpr auto end_limit = 700ms;

std::string in_words(std::chrono::milliseconds time) {
    if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + " s";
    return std::to_string(time.count()) + " ms";
}

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
    if (auto booted = machine_->boot(exchange_, limits_); !booted) return booted;
    state_ = State::booted;
    if (on_boot_) on_boot_();
    return {};
}

Result<Evaluation> Evaluator::evaluate(const Task& task) {
    if (auto booted = boot(); !booted) return booted.error();
    const auto outer_end = innermost_end_;
    auto end = outer_end;
    if (task.time_limit) end = std::min(Clock::now() + *task.time_limit, outer_end.value_or(Clock::time_point::max()));

    const auto job = exchange_->submit(task);
    innermost_end_ = end;
    auto evaluation = exchange_->wait(*job, end, task.stop);
    innermost_end_ = outer_end;
    if (evaluation) return std::move(*evaluation);
    if (task.stop.stop_requested()) return end_early(*job, "interrupted, since the service stops");
    return end_early(*job, task.time_limit ? "it took longer than " + in_words(*task.time_limit)
                                           : "what it belongs to took too long");
}

Evaluation Evaluator::end_early(const Job& job, const std::string& why) {
    for (const auto end = Clock::now() + grace; Clock::now() < end;) {
        machine_->interrupt(job.id);
        auto evaluation = exchange_->wait(job, Clock::now() + interrupt_interval, {});
        if (!evaluation) continue;
        // It may have come to its own end just then.
        if (evaluation->fault && evaluation->fault->kind == FaultKind::timeout) evaluation->fault->message = why;
        return std::move(*evaluation);
    }
    Fault fault{.kind = FaultKind::stuck, .type = "STUCK", .message = why + ", and can't be interrupted"};
    if (exchange_->abandon(job))
        if (const auto replaced = machine_->replace_worker(); !replaced) {
            fault.message += "; " + replaced.error().message();
            state_ = State::failed;
        }
    return {.fault = std::move(fault)};
}

void Evaluator::shut_down() noexcept {
    const bool was_booted = state_ == State::booted || state_ == State::failed;
    state_ = State::shut_down;
    exchange_->close();
    if (was_booted) machine_->shut_down(end_limit);
}

}  // namespace servicekit::lisp
