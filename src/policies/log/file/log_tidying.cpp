#include "policies/log/file/log_tidying.hpp"

#include <mutex>
#include <optional>
#include <utility>

namespace servicekit::policies {

/// Everything that the thread uses. A thread that is abandoned keeps it.
struct LogTidying::Work {
    Work(os::Files& files, const os::Clock& clock, const std::string& log_path, const LogArchive::Options& options,
         LogTidying& the_owner)
        : archive{std::in_place, files, clock, log_path, options}, owner{&the_owner} {}

    enum class Next { step, end, clean_up, leave };

    void run();
    [[nodiscard]] Next next(bool is_done);
    /// \returns true if there is nothing more to do
    bool do_step();

    std::optional<LogArchive> archive;  ///< used by the thread only
    LogTidying* owner;                  ///< valid while there is a loop

    std::mutex mutex;
    os::EventLoop* loop = nullptr;  ///< null: nothing is reported any more
    bool runs = false;              ///< the thread checks for work once more before it ends
    bool is_to_look = false;
    bool stops = false;
    bool is_left = false;
    std::optional<Error> failure;
};

LogTidying::LogTidying(os::Files& files, const os::Clock& clock, const std::string& log_path,
                       const LogArchive::Options& options, os::Threads& threads, Tell tell)
    : work_{std::make_shared<Work>(files, clock, log_path, options, *this)},
      threads_{&threads},
      tell_{std::move(tell)} {}

LogTidying::~LogTidying() {
    stop();
    close(std::chrono::milliseconds{0});
}

void LogTidying::start(os::EventLoop& loop) {
    const std::lock_guard lock{work_->mutex};
    work_->loop = &loop;
}

void LogTidying::look() {
    const std::lock_guard lock{work_->mutex};
    work_->is_to_look = true;
    // The loop starts it, because a thread inherits much from its creator, and the caller may be any thread.
    if (work_->loop != nullptr && !work_->runs) work_->loop->post([this] { start_thread(); });
}

void LogTidying::start_thread() {
    {
        const std::lock_guard lock{work_->mutex};
        if (work_->runs || !work_->is_to_look) return;
        work_->runs = true;
    }
    auto started = threads_->start("log-archive", [work = work_] { work->run(); });
    if (started) {
        thread_ = std::move(*started);
        return;
    }
    {
        const std::lock_guard lock{work_->mutex};
        work_->runs = false;
    }
    tell_(started.error());
}

void LogTidying::Work::run() {
    for (bool is_done = false;;) {
        switch (next(is_done)) {
            case Next::step:
                is_done = do_step();
                break;
            case Next::end:
                return;
            case Next::leave:
                archive->leave();
                [[fallthrough]];
            case Next::clean_up:
                return archive.reset();
        }
    }
}

LogTidying::Work::Next LogTidying::Work::next(bool is_done) {
    const std::lock_guard lock{mutex};
    // After this thread is abandoned, another process may work on the same files.
    if (stops) return is_left ? Next::leave : Next::clean_up;
    const bool looks = std::exchange(is_to_look, false);
    if (looks) archive->look_again();
    // If this thread ends, another one may be started from now on.
    runs = looks || !is_done;
    return runs ? Next::step : Next::end;
}

bool LogTidying::Work::do_step() {
    const auto step = archive->step();
    if (step) return *step == LogArchive::Step::done;
    const std::lock_guard lock{mutex};
    if (loop == nullptr) return true;
    failure = step.error();
    loop->post([owner = owner] { owner->tell_failure(); });
    return true;
}

void LogTidying::tell_failure() {
    std::optional<Error> failure;
    {
        const std::lock_guard lock{work_->mutex};
        failure = std::exchange(work_->failure, std::nullopt);
    }
    if (failure) tell_(*failure);
}

void LogTidying::stop() noexcept {
    {
        const std::lock_guard lock{work_->mutex};
        work_->stops = true;
        work_->loop = nullptr;
    }
    tell_failure();
}

void LogTidying::close(std::chrono::milliseconds at_most) noexcept {
    {
        const std::lock_guard lock{work_->mutex};
        // The loop has not ended, so it may still use the thread: the process is about to end at once.
        if (!std::exchange(work_->stops, true)) {
            work_->is_left = true;
            return;
        }
    }
    if (!thread_) return;
    if (!thread_->wait(at_most)) {
        const std::lock_guard lock{work_->mutex};
        work_->is_left = true;
    }
    thread_.reset();
}

}  // namespace servicekit::policies
