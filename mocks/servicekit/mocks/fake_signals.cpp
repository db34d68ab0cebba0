#include "servicekit/mocks/fake_signals.hpp"

#include <csignal>
#include <utility>

namespace servicekit::mocks {

Result<void> FakeSignals::hold(std::span<const int> numbers) {
    held_.insert(numbers.begin(), numbers.end());
    return {};
}

void FakeSignals::let_go() {
    held_.clear();
    for (const auto& [number, sender] : std::exchange(kept_, {})) arrive(number, sender);
}

Result<void> FakeSignals::take(std::span<const int> numbers, os::EventLoop& loop,
                               std::function<void(const os::ReceivedSignal&)> callback) {
    if (is_taken()) return Error{ExitCode::os, "take the signals", "", "another service in this process has them"};
    dispositions_before_ = dispositions_;
    for (const int number : numbers) dispositions_[number] = Disposition::taken;
    if (disposition(SIGPIPE) == Disposition::default_action) dispositions_[SIGPIPE] = Disposition::does_nothing;
    reception_ = std::make_shared<Reception>(Reception{&loop, std::move(callback), {}});
    return {};
}

void FakeSignals::give_back() {
    if (!is_taken()) return;
    dispositions_ = std::move(dispositions_before_);
    // What was posted for it finds nothing to deliver.
    reception_->pending.clear();
    reception_.reset();
}

void FakeSignals::raise(int number, Peer sender) {
    if (is_held(number))
        kept_.emplace(number, std::move(sender));  // as the kernel does: of several the first
    else
        arrive(number, sender);
}

FakeSignals::Disposition FakeSignals::disposition(int number) const {
    const auto found = dispositions_.find(number);
    return found == dispositions_.end() ? Disposition::default_action : found->second;
}

void FakeSignals::set_disposition(int number, Disposition disposition) { dispositions_[number] = disposition; }

void FakeSignals::arrive(int number, const Peer& sender) {
    switch (disposition(number)) {
        case Disposition::default_action:
            default_actions_.push_back(number);
            break;
        case Disposition::taken:
            if (reception_->pending.empty()) reception_->loop->post([reception = reception_] { deliver(reception); });
            reception_->pending.insert_or_assign(number, sender);
            break;
        case Disposition::ignored:
        case Disposition::programs_own:
        case Disposition::does_nothing:
            break;
    }
}

void FakeSignals::deliver(const std::shared_ptr<Reception>& reception) {
    while (!reception->pending.empty()) {
        const auto [number, sender] = *reception->pending.begin();
        reception->pending.erase(reception->pending.begin());
        reception->callback({.number = number, .sender = sender});
    }
}

}  // namespace servicekit::mocks
