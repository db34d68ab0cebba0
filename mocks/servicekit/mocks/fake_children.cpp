#include "servicekit/mocks/fake_children.hpp"

#include <algorithm>

namespace servicekit::mocks {

void FakeChildren::reap(pid_t child) {
    if (ended_.erase(child) > 0) reaped_.push_back(child);
}

Result<void> FakeChildren::run_beside(const std::function<void()>& body, std::chrono::milliseconds period,
                                      const std::function<void()>& look) {
    if (const auto failure = failures_.due("run_beside")) return os_error("start a thread", "", *failure);
    look_ = look;
    period_ = std::max(period, std::chrono::milliseconds{1});
    since_look_ = {};
    // A fake process may also end within the body, by an exception.
    struct End {
        std::function<void()>& look;
        ~End() { look = nullptr; }
    } const end{look_};
    body();
    return {};
}

void FakeChildren::pass(std::chrono::milliseconds time) {
    while (time > std::chrono::milliseconds::zero()) {
        const auto step = std::min(time, period_ - since_look_);
        clock_->advance(step);
        time -= step;
        since_look_ += step;
        if (since_look_ < period_) continue;
        since_look_ = {};
        if (look_) look_();
    }
}

}  // namespace servicekit::mocks
