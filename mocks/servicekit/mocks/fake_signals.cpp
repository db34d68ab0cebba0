#include "servicekit/mocks/fake_signals.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace servicekit::mocks {

Result<void> FakeSignals::note(std::span<const int> kept, std::span<const int> ending) {
    if (is_taken()) return Error{ExitCode::os, "take the signals", "", "another service in this process has them"};
    if (const auto failure = failures.due("note")) {
        end_noting();
        return os_error("note signals", "", *failure);
    }
    handle(kept);
    handle(ending);
    State& self = own();
    self.ending = {ending.begin(), ending.end()};
    if (disposition(SIGXFSZ) == Disposition::default_action) self.dispositions[SIGXFSZ] = Disposition::does_nothing;
    for (const int number : self.named) self.blocked_by_caller.erase(number);
    return {};
}

std::vector<os::ReceivedSignal> FakeSignals::noted() const {
    std::vector<os::ReceivedSignal> signals;
    const State& self = own();
    for (const auto& [number, sender] : self.reception != nullptr ? self.reception->pending : self.noted)
        signals.push_back({.number = number, .sender = sender});
    return signals;
}

Result<void> FakeSignals::hold() {
    if (const auto failure = failures.due("hold")) return os_error("block signals", "", *failure);
    State& self = own();
    if (!self.is_noting) return {};
    self.held = self.named;
    self.dispositions = self.dispositions_before;
    return {};
}

void FakeSignals::handle(std::span<const int> numbers) {
    State& self = own();
    if (!self.is_noting) {
        self.dispositions_before = self.dispositions;
        self.named.clear();
        self.noted.clear();
    }
    self.is_noting = true;
    for (const int number : numbers) self.dispositions[number] = Disposition::taken;
    self.named.insert(numbers.begin(), numbers.end());
}

void FakeSignals::end_noting() {
    State& self = own();
    if (!self.is_noting) return;
    self.is_noting = false;
    self.dispositions = std::move(self.dispositions_before);
    self.noted.clear();
}

void FakeSignals::release_held() {
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
    if (const auto failure = failures.due("take")) {
        end_noting();
        return os_error("take the signals", "", *failure);
    }
    handle(numbers);
    State& self = own();
    self.ending.clear();
    if (disposition(SIGPIPE) == Disposition::default_action) self.dispositions[SIGPIPE] = Disposition::does_nothing;
    self.reception = std::make_shared<Reception>(Reception{&loop, std::move(callback), std::exchange(self.noted, {})});
    if (!self.reception->pending.empty()) loop.post([reception = self.reception] { deliver(reception); });
    return {};
}

void FakeSignals::give_back() {
    end_noting();
    if (!is_taken()) return;
    State& self = own();
    // A call that was posted for it has nothing to deliver.
    self.reception->pending.clear();
    self.reception.reset();
}

void FakeSignals::raise_in(FakeTask::Id task, int number, Peer sender) {
    State& state = states_.of(task);
    if (state.held.contains(number) || state.blocked_by_caller.contains(number))
        state.kept.emplace(number, std::move(sender));  // like the kernel, keeps the first of several
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
            take_default_action(task, number);
            break;
        case Disposition::taken:
            if (state.reception == nullptr && state.ending.contains(number)) return take_default_action(task, number);
            if (state.reception == nullptr) {
                state.noted.insert_or_assign(number, sender);
                break;
            }
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

void FakeSignals::take_default_action(FakeTask::Id task, int number) {
    if (task != 0 && on_default_action_)
        on_default_action_(task, number);
    else
        states_.of(task).default_actions.push_back(number);
}

void FakeSignals::deliver(const std::shared_ptr<Reception>& reception) {
    while (!reception->pending.empty()) {
        const auto [number, sender] = *reception->pending.begin();
        reception->pending.erase(reception->pending.begin());
        reception->callback({.number = number, .sender = sender});
    }
}

}  // namespace servicekit::mocks
