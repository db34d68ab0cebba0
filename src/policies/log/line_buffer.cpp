#include "policies/log/line_buffer.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/attempt.hpp"
#include "base/relax.hpp"
#include "policies/log/crash_lock.hpp"

namespace servicekit::policies {

using namespace std::chrono_literals;

LineBuffer::LineBuffer(LineSink& sink, Options options) : sink_{&sink}, options_{options} {}

void LineBuffer::open(RenderLoss render) {
    render_loss_ = std::move(render);
    filling_.reserve(options_.capacity);
    draining_.reserve(options_.capacity);
    open_.store(true, std::memory_order_release);
}

void LineBuffer::start(os::EventLoop& loop) {
    loop_ = &loop;
    timer_ = loop.timer();
    delays_.store(options_.delay > 0ms, std::memory_order_release);
    arm_timer_for_failure();
}

void LineBuffer::stop() noexcept {
    delays_.store(false, std::memory_order_release);
    const TimedMutex::Lock lock{line_mutex_};
    loop_ = nullptr;
    timer_.reset();
}

[[gnu::hot]] void LineBuffer::append(LogLevel level, Time time, std::string_view line, bool may_be_prompt) noexcept {
    try {
        const bool urgent = level >= LogLevel::warning || !delays_.load(std::memory_order_acquire) ||
                            (may_be_prompt && is_prompt(time));
        if (!urgent || !deliver_alone(line)) collect(time, line, urgent);
    } catch (...) {
        count_loss("out of memory");
    }
}

// Threads that meet the begin of a delay may let a few more lines through, which does no harm.
[[gnu::hot]] bool LineBuffer::is_prompt(Time time) noexcept {
    const Time since = prompt_since_.load(std::memory_order_relaxed);
    // The clock may have been set back.
    if (time < since || time - since >= options_.delay) [[unlikely]] {
        prompt_since_.store(time, std::memory_order_relaxed);
        prompt_count_.store(0, std::memory_order_relaxed);
    }
    if (prompt_count_.load(std::memory_order_relaxed) >= options_.prompt_lines) return false;
    return prompt_count_.fetch_add(1, std::memory_order_relaxed) < options_.prompt_lines;
}

// The usual case of an urgent line. To copy it and to lock twice would take a tenth longer. A line that another thread
// brings at the same time has no order relative to this one.
[[gnu::hot]] bool LineBuffer::deliver_alone(std::string_view line) {
    const auto is_first = [this] { return is_open() && oldest_.load() == Time::max() && lost_.load() == 0; };
    if (!is_first()) return false;
    bool arms_timer = false;
    {
        const TimedMutex::Lock lock{sink_mutex_, 0ms};
        if (!lock.owns_lock() || delivered_ != draining_.size() || !is_first()) return false;
        const os::Writing writing = sink_->deliver(line);
        if (!writing) [[unlikely]]
            arms_timer = keep_rest(line, writing);
        else if (oldest_.load() != Time::max()) [[unlikely]]
            (void)drain();  // the thread that brought it may have stopped waiting
    }
    if (arms_timer) arm_timer();
    return true;
}

[[gnu::cold]] bool LineBuffer::keep_rest(std::string_view line, const os::Writing& writing) {
    draining_ = line;
    delivered_ = writing.bytes;
    note_failure(*writing.failure);
    const TimedMutex::Lock lock{line_mutex_};
    return wants_timer();
}

void LineBuffer::collect(Time time, std::string_view line, bool urgent) {
    bool arms_timer = false;
    std::uint64_t position = 0;
    Room room = add(time, line, arms_timer, position);
    // After a recent failure of the sink, only an urgent line tries again before the timer does. If the sink takes
    // everything, other threads may have filled the buffer again.
    for (bool tries = urgent || !fails_.load(std::memory_order_relaxed); room == Room::none && tries;) {
        tries = flush(patience());
        room = add(time, line, arms_timer, position);
    }
    if (room == Room::closed) return;
    if (room == Room::none) {
        const TimedMutex::Lock lock{line_mutex_};
        ++lost_;
        losses_.add(loss_);
    } else if (urgent) {
        flush_until(position, patience());
    } else if (is_overdue(time) && !fails_.load(std::memory_order_relaxed)) {
        flush(patience());
    }
    if (arms_timer && !arm_timer()) flush(patience());
    if (!delays_.load(std::memory_order_acquire)) arm_timer_for_failure();
}

void LineBuffer::count_loss(std::string_view reason) noexcept {
    losses_.add(Loss::no_memory);
    const TimedMutex::Lock lock{line_mutex_};
    ++lost_;
    try {
        loss_reason_ = reason;
    } catch (...) {
        loss_reason_.clear();  // out of memory for the reason, too
    }
}

LineBuffer::Room LineBuffer::add(Time time, std::string_view line, bool& arms_timer, std::uint64_t& position) {
    const TimedMutex::Lock lock{line_mutex_};
    if (!is_open()) return Room::closed;
    last_time_ = time;
    // A line that is longer than the buffer is taken if the buffer is empty.
    const auto fits = [&] { return filling_.empty() || filling_.size() + line.size() <= options_.capacity; };
    if (lost_ > 0 && fits() && !add_losses(time)) return Room::none;
    if (!fits()) return Room::none;
    take_in(time, line);
    position = ++added_;
    // If lines are not delayed, only those that could not be delivered wait.
    arms_timer = arms_timer || (delays_.load(std::memory_order_relaxed) && wants_timer());
    return Room::enough;
}

void LineBuffer::take_in(Time time, std::string_view line) {
    if (filling_.empty()) oldest_.store(time, std::memory_order_relaxed);
    filling_ += line;
}

bool LineBuffer::wants_timer() {
    if (loop_ == nullptr) return false;
    return !std::exchange(timer_armed_, true);
}

bool LineBuffer::add_losses(Time time) {
    std::string line;
    render_loss_(line, time, lost_, loss_reason_);
    if (!filling_.empty() && filling_.size() + line.size() > options_.capacity) return false;
    take_in(time, line);
    lost_ = 0;
    return true;
}

// Needed if no more lines arrive that would report the losses.
bool LineBuffer::tell_losses() {
    const TimedMutex::Lock lock{line_mutex_};
    return lost_ > 0 && add_losses(last_time_);
}

// The owner of the sink's mutex also delivers the lines that other threads bring, in one piece. These threads only wait
// for that, not for the lock. A delivery takes one or two microseconds; to sleep and be woken takes ten. Each look takes
// the cache line from the owner, so a thread rests in between: four threads on two cores took twice the time without.
void LineBuffer::flush_until(std::uint64_t position, std::chrono::milliseconds at_most) {
    for (int yields = 0; yields < 50; ++yields) {
        for (int looks = 0; looks < 25; ++looks) {
            if (delivered_until_.load(std::memory_order_acquire) >= position) return;
            for (int rests = 0; rests < 4; ++rests) relax();
        }
        const TimedMutex::Lock lock{sink_mutex_, 0ms};
        if (lock.owns_lock()) return static_cast<void>(drain());
        std::this_thread::yield();
    }
    flush(at_most);
}

bool LineBuffer::flush(std::chrono::milliseconds at_most) {
    const TimedMutex::Lock lock{sink_mutex_, at_most};
    if (lock.owns_lock()) return drain();
    fails_.store(true, std::memory_order_relaxed);
    const TimedMutex::Lock lines{line_mutex_};
    loss_reason_ = "the log hangs";
    loss_ = Loss::slow;
    return false;
}

bool LineBuffer::drain() {
    for (;;) {
        if (delivered_ == draining_.size()) {
            delivered_until_.store(draining_until_, std::memory_order_release);
            draining_.clear();
            delivered_ = 0;
            const TimedMutex::Lock lock{line_mutex_};
            draining_until_ = added_;
            std::swap(filling_, draining_);
            oldest_.store(Time::max(), std::memory_order_relaxed);
        }
        if (draining_.empty()) {
            fails_.store(false, std::memory_order_relaxed);
            return true;
        }
        const os::Writing writing = sink_->deliver(std::string_view{draining_}.substr(delivered_));
        delivered_ += writing.bytes;
        if (writing.failure) {
            note_failure(*writing.failure);
            return false;
        }
    }
}

void LineBuffer::note_failure(const Error& failure) {
    fails_.store(true, std::memory_order_relaxed);
    const TimedMutex::Lock lock{line_mutex_};
    loss_reason_ = failure.reason;
    loss_ = loss_by(failure.errno_value);
}

void LineBuffer::begin_line_anew() noexcept {
    if (delivered_ == 0 || delivered_ == draining_.size()) return;
    const std::size_t end_of_line = draining_.rfind('\n', delivered_ - 1);
    delivered_ = end_of_line == std::string::npos ? 0 : end_of_line + 1;
}

bool LineBuffer::arm_timer() {
    const TimedMutex::Lock lock{line_mutex_};
    if (loop_ == nullptr) return false;
    timer_armed_ = attempt([this] { loop_->post([this] { timer_->start(period(), [this] { on_time(); }); }); });
    return timer_armed_;
}

void LineBuffer::arm_timer_for_failure() {
    if (!fails_.load(std::memory_order_relaxed) && lost_.load() == 0) return;
    bool arms_timer = false;
    {
        const TimedMutex::Lock lock{line_mutex_};
        arms_timer = wants_timer();
    }
    if (arms_timer) arm_timer();
}

void LineBuffer::on_time() {
    bool flushed = false;
    static_cast<void>(attempt([&] {
        flushed = flush(patience());
        if (flushed && tell_losses()) flushed = flush(patience());
    }));
    {
        const TimedMutex::Lock lock{line_mutex_};
        timer_armed_ = !flushed || !filling_.empty();
        if (!timer_armed_) return;
    }
    timer_->start(period(), [this] { on_time(); });
}

bool LineBuffer::close(Time now, std::chrono::milliseconds at_most) noexcept {
    if (!open_.exchange(false)) return true;
    try {
        const TimedMutex::Lock sink{sink_mutex_, at_most};
        if (!sink.owns_lock()) return false;
        (void)drain();
        {
            const TimedMutex::Lock lines{line_mutex_};
            if (lost_ > 0) add_losses(now);
        }
        (void)drain();
    } catch (...) {
        return true;  // out of memory for the line that reports the losses
    }
    return true;
}

void LineBuffer::write_at_crash(std::string_view lines) noexcept {
    const CrashLock sink{sink_mutex_};
    const CrashLock filling{line_mutex_};
    sink_->deliver_at_crash(std::string_view{draining_}.substr(std::min(delivered_, draining_.size())));
    delivered_ = draining_.size();
    sink_->deliver_at_crash(filling_);
    filling_.clear();
    sink_->deliver_at_crash(lines);
}

}  // namespace servicekit::policies
