#include "core/announcements.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
constexpr auto progress_interval = 1s;

std::string progress_line(std::string_view step, std::uint64_t done, std::uint64_t total, std::string_view text) {
    std::string line{step};
    if (!text.empty()) line.append(": ").append(text);
    if (total > 0)
        line += " (" + std::to_string(done) + " of " + std::to_string(total) + ")";
    else if (done > 0)
        line += " (" + std::to_string(done) + ")";
    return line;
}

}  // namespace

void Announcements::begin(DaemonPolicy& daemon) {
    daemon_ = &daemon;
    phase_ = Phase::starting;
    daemon.status("starting");
}

void Announcements::ready() {
    const std::lock_guard guard{mutex_};
    if (phase_ == Phase::starting) {
        phase_ = Phase::running;
        // Set before ready(), so that a program that waits for the start does not read the old line.
        daemon_->status(usual_line());
    }
    is_ready_ = true;
    daemon_->ready();
}

void Announcements::enter(Phase phase, const std::string& line) {
    phase_ = phase;
    next_progress_ = std::chrono::steady_clock::time_point::min();
    daemon_->status(line);
}

void Announcements::standing_by(const std::string& line) {
    const std::lock_guard guard{mutex_};
    if (phase_ == Phase::unborn || phase_ == Phase::stopping) return;
    standby_line_ = line;
    enter(Phase::standby, line);
}

void Announcements::still_standing_by(const std::string& line) {
    const std::lock_guard guard{mutex_};
    if (phase_ == Phase::standby && standby_line_ != line) enter(Phase::standby, line);
    standby_line_ = line;
}

void Announcements::activating() {
    const std::lock_guard guard{mutex_};
    if (phase_ == Phase::standby) enter(Phase::starting, "starting, as the active instance");
}

void Announcements::active() {
    const std::lock_guard guard{mutex_};
    if (phase_ != Phase::starting) return;
    phase_ = Phase::running;
    daemon_->status(usual_line());
}

void Announcements::ending_activity(const std::string& why) {
    const std::lock_guard guard{mutex_};
    if (phase_ == Phase::unborn || phase_ == Phase::stopping) return;
    const bool reloads = phase_ == Phase::reloading;
    enter(Phase::ending_activity, "becoming inactive: " + why);
    // The manager waits for the end of the reload.
    if (reloads) daemon_->ready();
}

void Announcements::extend_start(std::chrono::milliseconds time) {
    const std::lock_guard guard{mutex_};
    if (!is_ready_ && phase_ != Phase::unborn && phase_ != Phase::stopping) daemon_->extend(time);
}

void Announcements::reloading() {
    const std::lock_guard guard{mutex_};
    // A manager that waits for the start asks for no reload.
    if (phase_ != Phase::running && (phase_ != Phase::standby || !is_ready_)) return;
    before_reload_ = phase_;
    phase_ = Phase::reloading;
    next_progress_ = std::chrono::steady_clock::time_point::min();
    daemon_->reloading();
    daemon_->status("reloading");
}

void Announcements::reloaded(const std::string& fault) {
    const std::lock_guard guard{mutex_};
    if (phase_ != Phase::reloading) return;
    phase_ = before_reload_;
    std::string line{usual_line()};
    if (!fault.empty()) line += "; the last reload failed: " + fault;
    daemon_->status(line);
    daemon_->ready();
}

void Announcements::stopping(const std::string& why) {
    const std::lock_guard guard{mutex_};
    if (phase_ == Phase::unborn || phase_ == Phase::stopping) return;
    phase_ = Phase::stopping;
    next_progress_ = std::chrono::steady_clock::time_point::min();
    daemon_->stopping();
    daemon_->status("stopping: " + why);
}

void Announcements::failed(const Error& error) {
    const std::lock_guard guard{mutex_};
    if (phase_ != Phase::unborn) daemon_->failed(error);
}

void Announcements::progress(std::uint64_t done, std::uint64_t total, std::string_view text) {
    const Phase phase = phase_.load(std::memory_order_relaxed);
    if (phase == Phase::unborn || phase == Phase::running || phase == Phase::standby) return;
    // Every sign of progress extends the service's own limit, even if it is not announced.
    const auto time = extend_();
    const auto now = clock_->steady_now();
    if (now < next_progress_.load(std::memory_order_relaxed)) return;

    const std::lock_guard guard{mutex_};
    if (now < next_progress_.load(std::memory_order_relaxed)) return;
    next_progress_ = now + progress_interval;
    switch (phase_) {
        case Phase::unborn:
        case Phase::running:
        case Phase::standby:
            return;
        case Phase::starting:
            daemon_->status(progress_line("starting", done, total, text));
            // The manager counts the start as over.
            if (is_ready_) return;
            break;
        case Phase::ending_activity:
            daemon_->status(progress_line("becoming inactive", done, total, text));
            return;
        case Phase::reloading:
            daemon_->status(progress_line("reloading", done, total, text));
            break;
        case Phase::stopping:
            daemon_->status(progress_line("stopping", done, total, text));
            break;
    }
    if (time > 0ms) daemon_->extend(time);
}

void Announcements::say(std::string_view text) {
    const std::lock_guard guard{mutex_};
    own_line_ = text;
    if (phase_ != Phase::unborn) daemon_->status(usual_line());
}

void Announcements::alive() {
    const std::lock_guard guard{mutex_};
    daemon_->alive();
}

std::string_view Announcements::usual_line() const {
    if (phase_ == Phase::standby) return standby_line_;
    return own_line_.empty() ? "running" : std::string_view{own_line_};
}

}  // namespace servicekit
