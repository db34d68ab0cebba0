#include "servicectl/top/arrivals.hpp"

#include <array>
#include <csignal>
#include <system_error>
#include <utility>

namespace servicekit::servicectl::top {
namespace {

constexpr std::array taken_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};

}  // namespace

Arrivals::Arrivals(const os::Host& host, std::function<void(int)> on_signal)
    : host_{host}, on_signal_{std::move(on_signal)} {}

Arrivals::~Arrivals() {
    if (has_signals_) host_.signals->give_back();
    if (loop_) loop_->stop();
    watch_.reset();
}

Result<void> Arrivals::take_signals() {
    loop_ = host_.make_event_loop("keys");
    // It also unblocks signals that the parent process has blocked.
    if (auto noted = host_.signals->note(taken_signals, {}); !noted) return noted;
    has_signals_ = true;
    return host_.signals->take(taken_signals, *loop_,
                               [this](const os::ReceivedSignal& signal) { on_signal_(signal.number); });
}

Result<void> Arrivals::start(int input, std::function<void()> on_input) {
    on_input_ = std::move(on_input);
    try {
        watch_ = loop_->watch(input);
    } catch (const std::system_error& error) {
        return Error{ExitCode::os, "wait for keys on", "the terminal", error.what(), error.code().value()};
    }
    watch_->await_readable(on_input_);
    return loop_->start();
}

void Arrivals::await_input() {
    loop_->post([this] { watch_->await_readable(on_input_); });
}

}  // namespace servicekit::servicectl::top
