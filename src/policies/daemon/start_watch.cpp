#include "policies/daemon/start_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/durations.hpp"
#include "base/signal_name.hpp"

namespace servicekit::policies {
namespace {

using std::chrono::milliseconds;
using End = os::PipeReading::End;

// Time for the kernel to tear the process down.
constexpr milliseconds until_gone{5'000};
// A time limit that means "none" must not overflow the clock.
constexpr milliseconds longest_limit = std::chrono::hours{24 * 365};

const std::string unsaid = ", without saying why";

/// For example "was killed by signal 9 (SIGKILL)". \param status from waitpid(2)
std::string status_in_words(int status) {
    if (!WIFSIGNALED(status)) return "ended with exit code " + std::to_string(WEXITSTATUS(status));
    const int number = WTERMSIG(status);
    return "was killed by signal " + std::to_string(number) + " (" + std::string{signal_name(number)} + ")";
}

/// Returns true if the status explains the end. SIGKILL does not: anyone may send it, and so does the kernel if memory
/// runs out.
bool says_why(int status) { return WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL; }

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

Result<Role> StartWatch::wait() {
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
    if (const auto* log = std::get_if<LogsTo>(&report)) {
        log_ = log->file;
        return std::nullopt;
    }
    if (const auto* crash = std::get_if<Crashed>(&report)) {
        crash_ = crash->what;
        return std::nullopt;
    }
    if (const auto* extended = std::get_if<Extended>(&report)) {
        deadline_ = std::max(deadline_, after(extended->time + limits_.grace));
        return std::nullopt;
    }
    reap_child();
    if (const auto* error = std::get_if<Error>(&report)) return *error;
    if (asked_to_end_) return cannot_start(ExitCode::timeout, "interrupted");
    return Role::parent;
}

StartWatch::Outcome StartWatch::take(End end) {
    switch (end) {
        case End::closed:
            return end_before_ready();
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
    std::string reason = interrupted_ ? "interrupted, and it did not end within " + time_in_words(limits_.until_ended)
                                      : "it was not ready within " + time_in_words(limits_.until_ready);
    reason += killed ? ", so it was killed" : ", and can't be killed: " + killed.error().reason;
    return cannot_start(ExitCode::timeout, std::move(reason));
}

Result<bool> StartWatch::kill() {
    // Only this process can reap its child, so the pid cannot be reused yet.
    const pid_t pid = daemon_.value_or(child_);
    auto killed = processes_->signal(pid, SIGKILL, [this] { return !daemon_ || daemon_lives(); });
    if (!killed || heard_early_) return killed;
    processes_->wait_for_end(pid, until_gone);
    reap_child();
    return killed;
}

Error StartWatch::end_before_ready() {
    reap_child();
    std::string reason = end_in_words();
    if (!interrupted_) return {ExitCode::internal, "start", service_, std::move(reason)};
    if (crash_.empty()) return cannot_start(ExitCode::timeout, "interrupted");
    return {ExitCode::timeout, "start", service_, "interrupted, and " + reason};
}

std::string StartWatch::end_in_words() {
    const std::string who = daemon_ ? "the service (pid " + std::to_string(*daemon_) + ") " : "the service ";
    const std::string early = " before it was ready";
    const std::string more = log_.empty() ? "" : "; the log is '" + log_ + "'";
    const bool has_ended = daemon_ && processes_->wait_for_end(*daemon_, until_gone);
    const auto status = has_ended ? process_->wait_for_child(*daemon_) : Result<int>{os_error("wait", "", ECHILD)};
    if (!crash_.empty()) return who + "ended" + early + ": " + crash_ + more;
    if (status) return who + status_in_words(*status) + early + (says_why(*status) ? "" : unsaid) + more;
    if (daemon_ && !has_ended) return who + "closed the pipe by which it reports that it is ready, and still runs";
    if (!daemon_ && child_status_.value_or(0) != 0)
        return "the process that was to fork the service " + status_in_words(*child_status_);
    return who + "ended" + early + unsaid + more;
}

// The daemon holds the writer of the pipe. While it is open, the daemon's pid cannot be reused.
bool StartWatch::daemon_lives() {
    const Heard heard = read_until(clock_->steady_now());
    const End* end = std::get_if<End>(&heard);
    if (end != nullptr && *end != End::closed) return true;
    heard_early_ = heard;
    return false;
}

void StartWatch::reap_child() {
    if (std::exchange(child_reaped_, true)) return;
    // Fails if there is no child; then there is nothing to reap.
    if (const auto status = process_->wait_for_child(child_)) child_status_ = *status;
}

StartWatch::Instant StartWatch::after(milliseconds time) const {
    return clock_->steady_now() + std::min(time, longest_limit);
}

Error StartWatch::cannot_start(ExitCode code, std::string reason) const {
    if (daemon_) reason += " (pid " + std::to_string(*daemon_) + ")";
    return {.exit_code = code, .action = "start", .object = service_, .reason = std::move(reason)};
}

}  // namespace servicekit::policies
