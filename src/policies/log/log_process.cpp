#include "policies/log/log_process.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/durations.hpp"

namespace servicekit::policies {
namespace {

constexpr const char* action = "start the log's program";
/// Limits restarts at the end, when there is no time for pauses.
constexpr unsigned most_revivals = 10;

}  // namespace

std::string in_words(const os::ProgramEnd& end) {
    switch (end.how) {
        case os::ProgramEnd::How::exited:
            return "ended with status " + std::to_string(end.number);
        case os::ProgramEnd::How::killed:
            return "was killed by signal " + std::to_string(end.number);
        case os::ProgramEnd::How::unknown:
            break;
    }
    return "ended";
}

LogProcess::LogProcess(Plan plan, os::ProgramInput& input, os::Programs& programs, const os::Clock& clock, Tell tell)
    : plan_{std::move(plan)}, input_{&input}, programs_{&programs}, clock_{&clock}, tell_{std::move(tell)} {}

Result<void> LogProcess::start() {
    const std::lock_guard lock{mutex_};
    was_started_ = true;
    if (auto launched = launch(); !launched) return launched;
    const auto end = program_->wait_for_end(plan_.start_wait);
    if (!end) return {};
    program_.reset();
    return Error{ExitCode::cannot_create, action, name(), "it " + policies::in_words(*end) + " at once"};
}

void LogProcess::watch(os::EventLoop& loop) {
    loop_ = &loop;
    watching_ = std::make_unique<Watching>();
    watching_->restart = loop.timer();
    await_end();
}

Result<void> LogProcess::signal(int number) {
    const std::lock_guard lock{mutex_};
    const auto sent = program_ ? program_->signal(number) : Result<bool>{false};
    if (!sent) return sent.error();
    if (!*sent) return Error{ExitCode::os, "signal the log's program", name(), "it does not run"};
    return {};
}

void LogProcess::unwatch() noexcept {
    const std::lock_guard lock{mutex_};
    watching_.reset();
}

void LogProcess::leave_alone() {
    const std::lock_guard lock{mutex_};
    is_left_alone_ = true;
}

bool LogProcess::revive() {
    const std::lock_guard lock{mutex_};
    if (program_ && !program_->end()) return true;
    program_.reset();
    if (!was_started_ || revivals_ == most_revivals) return false;
    ++revivals_;
    return launch().has_value();
}

bool LogProcess::wait_for_end(std::chrono::milliseconds at_most) {
    std::shared_ptr<os::Program> program;
    {
        const std::lock_guard lock{mutex_};
        program = program_;
    }
    return program == nullptr || program->wait_for_end(at_most);
}

std::string LogProcess::in_words() const {
    const std::lock_guard lock{mutex_};
    return "'" + name() + "'" + (program_ ? " (pid " + std::to_string(program_->id()) + ")" : "");
}

Result<void> LogProcess::launch() {
    auto started = programs_->start({.command = plan_.command, .input = input_, .output = plan_.output});
    if (!started) {
        Error error = started.error().at_stage(ExitCode::cannot_create);
        error.action = action;
        return error;
    }
    program_ = std::move(*started);
    started_at_ = clock_->steady_now();
    return {};
}

void LogProcess::await_end() {
    try {
        if (!watching_->end) watching_->end = loop_->watch(program_->descriptor());
        watching_->end->await_readable([this] { on_end(); });
    } catch (const std::system_error& error) {
        // Polls the program instead.
        watching_->restart->start(plan_.longest_pause, [this] { on_end(); });
        tell_(Error{ExitCode::os, "watch the log's program", name(), errno_text(error.code().value())}.message());
    }
}

void LogProcess::on_end() {
    std::string obituary_text;
    {
        const std::lock_guard lock{mutex_};
        if (is_left_alone_) return;
        const auto end = program_->end();
        if (!end) return await_end();
        obituary_text = obituary(*end);
        watching_->end.reset();
        pause_ = clock_->steady_now() - started_at_ >= plan_.proven_after ? plan_.first_pause : next_pause();
        program_.reset();
        obituary_text += "; it restarts in " + time_in_words(pause_);
        watching_->restart->start(pause_, [this] { on_pause_over(); });
    }
    tell_(obituary_text);
}

void LogProcess::on_pause_over() {
    std::string failure;
    {
        const std::lock_guard lock{mutex_};
        if (is_left_alone_) return;
        const auto launched = launch();
        if (launched) return await_end();
        pause_ = next_pause();
        failure = launched.error().message() + "; next try in " + time_in_words(pause_);
        watching_->restart->start(pause_, [this] { on_pause_over(); });
    }
    tell_(failure);
}

std::chrono::milliseconds LogProcess::next_pause() const {
    return std::clamp(pause_ * 2, plan_.first_pause, std::max(plan_.first_pause, plan_.longest_pause));
}

std::string LogProcess::obituary(const os::ProgramEnd& end) const {
    return "the log's program '" + name() + "' (pid " + std::to_string(program_->id()) + ") " + policies::in_words(end);
}

}  // namespace servicekit::policies
