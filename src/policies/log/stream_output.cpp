#include "policies/log/stream_output.hpp"

#include <utility>

#include "policies/log/crash_lock.hpp"

namespace servicekit::policies {

void StreamOutput::open(Render render, std::size_t head) {
    const TimedMutex::Lock lock{mutex_};
    render_ = std::move(render);
    crash_line_.prepare(head);
    open_ = true;
}

void StreamOutput::write(const LogRecord& record) noexcept {
    if (!open_) return;
    try {
        std::string line;
        render_(line, record);
        const TimedMutex::Lock lock{mutex_};
        if (open_) put(std::move(line), record.time);
    } catch (...) {
        ++lost_;
        losses_.add(Loss::no_memory);
    }
}

void StreamOutput::write_at_crash(const LogRecord& record) noexcept {
    if (!open_) return;
    const CrashLock lock{mutex_};
    // A thread that died with the lock held has most likely written a whole line, as a line that fits is written at
    // once.
    if (std::exchange(torn_, false)) streams_->write_at_crash(stream_, "\n", patience_);
    streams_->write_at_crash(stream_, crash_line_.render(record, render_), patience_);
}

void StreamOutput::close(std::chrono::system_clock::time_point now, std::chrono::milliseconds at_most) noexcept {
    if (!open_.exchange(false)) return;
    try {
        const TimedMutex::Lock lock{mutex_, at_most};
        if (lock.owns_lock() && lost_ > 0) put({}, now);
    } catch (...) {
        return;  // out of memory for the line that reports the losses
    }
}

void StreamOutput::put(std::string line, std::chrono::system_clock::time_point time) {
    const bool is_record = !line.empty();
    std::string before;
    if (torn_) before += '\n';
    const std::uint64_t told = lost_;
    if (told > 0) before += loss_line(time);
    const std::size_t losses_end = before.size();
    line.insert(0, before);

    const os::StreamWriting done =
        streams_->write_within(stream_, line, stuck_ ? std::chrono::milliseconds::zero() : patience_);
    if (done.bytes > 0) torn_ = line[done.bytes - 1] != '\n';
    if (done.bytes >= losses_end) lost_ -= told;
    stuck_ = done.bytes < line.size();
    if (!stuck_) return;
    if (is_record) {
        ++lost_;
        losses_.add(loss_by(done.failure ? done.failure->errno_value : 0));
    }
    if (done.failure) loss_reason_ = done.failure->reason;
}

std::string StreamOutput::loss_line(std::chrono::system_clock::time_point time) const {
    const std::uint64_t count = lost_;
    const std::string message = std::to_string(count) + (count == 1 ? " line lost: " : " lines lost: ") +
                                (loss_reason_.empty() ? "out of memory" : loss_reason_);
    std::string line;
    render_(line, {.time = time, .level = LogLevel::warning, .message = message});
    return line;
}

}  // namespace servicekit::policies
