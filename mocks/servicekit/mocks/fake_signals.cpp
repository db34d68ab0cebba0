#include "servicekit/mocks/fake_signals.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace servicekit::mocks {

Result<void> FakeSignals::hold(std::span<const int> numbers) {
    if (const auto failure = failures.due("hold")) return os_error("block signals", "", *failure);
    own().held.insert(numbers.begin(), numbers.end());
    return {};
}

void FakeSignals::let_go() {
    for (const int number : std::exchange(own().held, {})) own().blocked_by_caller.erase(number);
    deliver_kept();
}

void FakeSignals::forget_caller() {
    own().blocked_by_caller.clear();
    for (const int number : {SIGPIPE, SIGCHLD})
        if (disposition(number) == Disposition::ignored) own().dispositions.erase(number);
    deliver_kept();
}

void FakeSignals::deliver_kept() {
    for (const auto& [number, sender] : std::exchange(own().kept, {})) raise_in(FakeTask::current(), number, sender);
}

Result<void> FakeSignals::take(std::span<const int> numbers, os::EventLoop& loop,
                               std::function<void(const os::ReceivedSignal&)> callback) {
    if (is_taken()) return Error{ExitCode::os, "take the signals", "", "another service in this process has them"};
    if (const auto failure = failures.due("take")) return os_error("take the signals", "", *failure);
    State& self = own();
    self.dispositions_before = self.dispositions;
    for (const int number : numbers) self.dispositions[number] = Disposition::taken;
    if (disposition(SIGPIPE) == Disposition::default_action) self.dispositions[SIGPIPE] = Disposition::does_nothing;
    self.reception = std::make_shared<Reception>(Reception{&loop, std::move(callback), {}});
    return {};
}

void FakeSignals::give_back() {
    if (!is_taken()) return;
    State& self = own();
    self.dispositions = std::move(self.dispositions_before);
    // What was posted for it finds nothing to deliver.
    self.reception->pending.clear();
    self.reception.reset();
}

void FakeSignals::raise_in(FakeTask::Id task, int number, Peer sender) {
    State& state = states_.of(task);
    if (state.held.contains(number) || state.blocked_by_caller.contains(number))
        state.kept.emplace(number, std::move(sender));  // as the kernel does: of several the first
    else
        arrive(task, number, sender);
}

bool FakeSignals::use_up(FakeTask::Id task, std::span<const int> numbers) {
    auto& kept = states_.of(task).kept;
    return std::any_of(numbers.begin(), numbers.end(), [&kept](int number) { return kept.erase(number) > 0; });
}

FakeSignals::Disposition FakeSignals::State::disposition(int number) const {
    const auto found = dispositions.find(number);
    return found == dispositions.end() ? Disposition::default_action : found->second;
}

FakeSignals::Disposition FakeSignals::disposition(int number) const { return own().disposition(number); }

void FakeSignals::set_disposition(int number, Disposition disposition) { own().dispositions[number] = disposition; }

void FakeSignals::arrive(FakeTask::Id task, int number, const Peer& sender) {
    State& state = states_.of(task);
    switch (state.disposition(number)) {
        case Disposition::default_action:
            if (task != 0 && on_default_action_)
                on_default_action_(task, number);
            else
                state.default_actions.push_back(number);
            break;
        case Disposition::taken:
            if (state.reception->pending.empty())
                state.reception->loop->post([reception = state.reception] { deliver(reception); });
            state.reception->pending.insert_or_assign(number, sender);
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
