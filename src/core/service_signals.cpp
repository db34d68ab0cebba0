#include "core/service_signals.hpp"

#include <string>
#include <utility>

#include "core/peer_words.hpp"

namespace servicekit {

Result<void> ServiceSignals::begin_load() {
    constexpr std::array kept{SIGHUP, SIGTERM, SIGABRT, SIGUSR1, SIGXCPU};
    constexpr std::array ending{SIGINT};
    auto noted = signals_->note(kept, ending);
    are_noted_ = noted.has_value();
    loads_ = are_noted_;
    return noted;
}

Result<void> ServiceSignals::end_load() {
    loads_ = false;
    return signals_->note(all, {});
}

std::optional<Error> ServiceSignals::refusal() const {
    if (!are_noted_) return std::nullopt;
    for (const os::ReceivedSignal& signal : signals_->noted()) {
        const bool stops = signal.number == SIGTERM || signal.number == SIGABRT || signal.number == SIGINT;
        if (stops) return Error{ExitCode::timeout, "start", "", "stopped by " + in_words(signal)};
        if (signal.number == SIGXCPU) return Error{ExitCode::os, "start", "", in_words(signal)};
    }
    return std::nullopt;
}

Result<void> ServiceSignals::hold() {
    if (!are_noted_) return {};
    auto held = signals_->hold();
    are_held_ = held.has_value();
    return held;
}

Result<void> ServiceSignals::go_on() {
    if (!are_noted_) return {};
    auto noted = loads_ ? begin_load() : end_load();
    release_held();
    return noted;
}

void ServiceSignals::release_held() {
    if (std::exchange(are_held_, false)) signals_->release_held();
}

Result<void> ServiceSignals::take(os::EventLoop& loop, std::function<void(const os::ReceivedSignal&)> callback) {
    if (!are_noted_) return {};
    return signals_->take(all, loop, std::move(callback));
}

void ServiceSignals::give_back() {
    release_held();
    if (std::exchange(are_noted_, false)) signals_->give_back();
}

}  // namespace servicekit
