#include "policies/daemon/start_watch.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace servicekit::policies {
namespace {

using std::chrono::milliseconds;
using End = os::PipeReading::End;

// SIGKILL needs only as long as the kernel takes to tear the process down.
constexpr milliseconds until_killed{5'000};
// A time limit that means "none" must not overflow the clock.
constexpr milliseconds longest_limit = std::chrono::hours{24 * 365};

std::string in_words(milliseconds time) {
    const auto whole_seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return whole_seconds == time ? std::to_string(whole_seconds.count()) + " s" : std::to_string(time.count()) + " ms";
}

}  // namespace

StartWatch::StartWatch(std::string service, pid_t child, Limits limits, os::Pipe& pipe, os::Process& process,
                       os::ProcessTable& processes, os::Clock& clock)
    : service_{std::move(service)},
      child_{child},
      limits_{limits},
      pipe_{&pipe},
      process_{&process},
      processes_{&processes},
      clock_{&clock} {}

Result<contract::Role> StartWatch::wait() {
    deadline_ = after(limits_.until_ready);
    for (;;) {
        Outcome outcome = std::visit([this](const auto& what) { return take(what); }, hear());
        if (outcome) return *std::move(outcome);
    }
}

StartWatch::Heard StartWatch::hear() {
    if (heard_early_) return *std::exchange(heard_early_, std::nullopt);
    return read_until(deadline_);
}

StartWatch::Heard StartWatch::read_until(Instant deadline) {
    for (;;) {
        while (const auto line = next_line())
            if (const auto report = start_report_from(*line)) return *report;
        const auto left = std::chrono::ceil<milliseconds>(deadline - clock_->steady_now());
        const os::PipeReading reading = pipe_->read_line(std::max(left, milliseconds::zero()));
        unread_ += reading.text;
        if (reading.text.find('\n') == std::string::npos) return reading.end;
    }
}

std::optional<std::string> StartWatch::next_line() {
    const auto end = unread_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return line;
}

StartWatch::Outcome StartWatch::take(const StartReport& report) {
    if (const auto* born = std::get_if<Born>(&report)) {
        daemon_ = born->pid;
        reap_child();
        if (interrupted_) ask_to_end();
        return std::nullopt;
    }
    if (const auto* extended = std::get_if<Extended>(&report)) {
        deadline_ = std::max(deadline_, after(extended->time + limits_.grace));
        return std::nullopt;
    }
    reap_child();
    if (const auto* error = std::get_if<Error>(&report)) return *error;
    if (asked_to_end_) return cannot_start(ExitCode::timeout, "interrupted");
    return contract::Role::parent;
}

StartWatch::Outcome StartWatch::take(End end) {
    switch (end) {
        case End::closed:
            return silent_end();
        case End::timed_out:
            return overdue();
        case End::interrupted:
            interrupt();
            break;
    }
    return std::nullopt;
}

void StartWatch::interrupt() {
    if (interrupted_) return;
    interrupted_ = true;
    deadline_ = after(limits_.until_ended);
    if (daemon_) ask_to_end();
}

void StartWatch::ask_to_end() {
    const auto sent = processes_->signal(*daemon_, SIGTERM, [this] { return daemon_lives(); });
    asked_to_end_ = sent && *sent;
}

StartWatch::Outcome StartWatch::overdue() {
    const Result<bool> killed = kill();
    if (heard_early_) return std::nullopt;
    std::string reason = interrupted_ ? "interrupted, and it did not end within " + in_words(limits_.until_ended)
                                      : "it was not ready within " + in_words(limits_.until_ready);
    reason += killed ? ", so it was killed" : ", and can't be killed: " + killed.error().reason;
    return cannot_start(ExitCode::timeout, std::move(reason));
}

Result<bool> StartWatch::kill() {
    // Nobody else can reap a child of ours, so its pid can't have become another's.
    const pid_t pid = daemon_.value_or(child_);
    auto killed = processes_->signal(pid, SIGKILL, [this] { return !daemon_ || daemon_lives(); });
    if (!killed || heard_early_) return killed;
    processes_->wait_for_end(pid, until_killed);
    reap_child();
    return killed;
}

Error StartWatch::silent_end() {
    reap_child();
    if (interrupted_) return cannot_start(ExitCode::timeout, "interrupted");
    return cannot_start(ExitCode::internal, "the service ended before it was ready, without saying why");
}

// The pipe's writer closes with the daemon: as long as it is open, the daemon's pid is nobody else's.
bool StartWatch::daemon_lives() {
    const Heard heard = read_until(clock_->steady_now());
    const End* end = std::get_if<End>(&heard);
    if (end != nullptr && *end != End::closed) return true;
    heard_early_ = heard;
    return false;
}

void StartWatch::reap_child() {
    if (std::exchange(child_reaped_, true)) return;
    // How it ended says nothing that the pipe did not, and without a child there is nothing to reap.
    static_cast<void>(process_->wait_for_child(child_));
}

StartWatch::Instant StartWatch::after(milliseconds time) const {
    return clock_->steady_now() + std::min(time, longest_limit);
}

Error StartWatch::cannot_start(ExitCode code, std::string reason) const {
    if (daemon_) reason += " (pid " + std::to_string(*daemon_) + ")";
    return {.exit_code = code, .action = "start", .object = service_, .reason = std::move(reason)};
}

}  // namespace servicekit::policies
