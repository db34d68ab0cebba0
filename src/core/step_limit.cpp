#include "core/step_limit.hpp"

#include <algorithm>

#include "base/durations.hpp"

namespace servicekit {
void StepLimit::begin(Instant now, Time at_most, Time in_all) {
    const std::lock_guard guard{mutex_};
    step_ = Step{.begun = now, .at_most = at_most, .in_all = in_all, .deadline = now + at_most};
}

StepLimit::Time StepLimit::extend(Instant now) {
    const std::lock_guard guard{mutex_};
    if (!step_ || now >= step_->deadline) return Time::zero();
    const Instant wanted = std::min(now + extension, step_->begun + step_->in_all);
    if (wanted > step_->deadline) {
        step_->deadline = wanted;
        step_->is_extended = true;
    }
    return std::max(std::chrono::ceil<Time>(wanted - now), Time::zero());
}

StepLimit::Time StepLimit::left(Instant now) const {
    const std::lock_guard guard{mutex_};
    if (!step_ || now >= step_->deadline) return Time::zero();
    return std::chrono::ceil<Time>(step_->deadline - now);
}

std::string StepLimit::in_words() const {
    const std::lock_guard guard{mutex_};
    if (!step_) return "0 s";
    if (!step_->is_extended) return time_in_words(step_->at_most);
    if (step_->deadline - step_->begun >= step_->in_all) return time_in_words(step_->in_all) + " in all";
    return time_in_words(extension) + " without progress";
}

}  // namespace servicekit
