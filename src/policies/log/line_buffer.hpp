#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "policies/log/loss_counts.hpp"
#include "policies/log/timed_mutex.hpp"
#include "servicekit/base/log_level.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/writing.hpp"

namespace servicekit::policies {

/// The destination of a LineBuffer; used by one thread at a time.
class LineSink {
public:
    virtual ~LineSink() = default;
    /// Writes whole lines to the kernel. Only the first may be the rest of a line that it wrote in part.
    virtual os::Writing deliver(std::string_view lines) = 0;
    /// Does the same in a process that dies of a signal. Async-signal-safe.
    virtual void deliver_at_crash(std::string_view lines) noexcept = 0;
};

/// Collects lines from many threads and delivers them in their order.
///
/// Warnings and errors are delivered before append() returns, with all lines before them, and so are a few other lines
/// in each `delay`. More lines than these are delivered after `delay` at most, or when the buffer is full. Lines that
/// cannot be delivered stay, with the rest of a partly written line, and are tried again. When the buffer is full, lines
/// are dropped and counted; a line in their place reports their number and the reason. If the sink hangs, a thread loses
/// at most `patience` and the line that it brought.
class LineBuffer {
public:
    struct Options {
        std::size_t capacity = 64U << 10U;
        std::chrono::milliseconds delay{200};  ///< 0: every line is delivered before append() returns
        std::chrono::milliseconds patience{1000};
        /// Lines in each `delay` that do not wait. So a log with few lines shows them at once and needs no thread.
        int prompt_lines = 16;
    };
    using Time = std::chrono::system_clock::time_point;
    /// Appends a line that reports `count` lost lines.
    using RenderLoss = std::function<void(std::string& out, Time time, std::uint64_t count, std::string_view reason)>;

    LineBuffer(LineSink& sink, Options options);
    LineBuffer(const LineBuffer&) = delete;
    LineBuffer& operator=(const LineBuffer&) = delete;
    ~LineBuffer() = default;

    void set_delay(std::chrono::milliseconds delay) noexcept { options_.delay = delay; }
    /// Accepts lines from now on; earlier ones are dropped. Lines are not delayed before start().
    void open(RenderLoss render);
    [[nodiscard]] bool is_open() const noexcept { return open_.load(std::memory_order_acquire); }
    void start(os::EventLoop& loop);
    /// Stops delaying lines, because the loop has ended.
    void stop() noexcept;

    /// \param line a whole line with its newline
    /// \param may_be_prompt false: unless it is a warning, the line does not block the caller while there is room
    void append(LogLevel level, Time time, std::string_view line, bool may_be_prompt = true) noexcept;
    /// Counts a line for which there was no memory before it got here.
    void count_loss(std::string_view reason) noexcept;
    [[nodiscard]] const LossCounts& losses() const noexcept { return losses_; }
    /// \returns false if something is left
    bool flush(std::chrono::milliseconds at_most);

    /// Calls `change` while no other thread uses the sink. Tries to deliver the buffered lines first.
    /// \returns false, and does nothing, if the sink hangs for all of that time
    template <class Change>
    bool change_sink(std::chrono::milliseconds at_most, Change change) {
        const TimedMutex::Lock lock{sink_mutex_, at_most};
        if (!lock.owns_lock()) return false;
        (void)drain();
        if (change()) begin_line_anew();
        return true;
    }

    /// Drops lines from now on, and delivers the last ones.
    /// \returns false if a thread is still within the sink: the buffer and the sink must stay then
    bool close(Time now, std::chrono::milliseconds at_most) noexcept;
    /// Delivers the buffered lines, then `lines`. Async-signal-safe.
    void write_at_crash(std::string_view lines) noexcept;

private:
    enum class Room { enough, none, closed };

    /// Returns true for the first lines in each `delay`.
    [[nodiscard]] bool is_prompt(Time time) noexcept;
    /// Delivers the line without buffering it if no other line is waiting. \returns false if it cannot
    bool deliver_alone(std::string_view line);
    /// Keeps the rest of a partly written line. \returns true if the timer has to be armed. \pre the sink's mutex is
    /// locked
    bool keep_rest(std::string_view line, const os::Writing& writing);
    /// Buffers the line and delivers what is due.
    void collect(Time time, std::string_view line, bool urgent);
    /// \param position set to the number of the line, counted from the first that was buffered
    [[nodiscard]] Room add(Time time, std::string_view line, bool& arms_timer, std::uint64_t& position);
    /// \pre the lines' mutex is locked
    void take_in(Time time, std::string_view line);
    /// Delivers the lines up to `position`, or waits until another thread has.
    void flush_until(std::uint64_t position, std::chrono::milliseconds at_most);
    /// Buffers the line that reports losses. \pre the lines' mutex is locked
    bool add_losses(Time time);
    bool tell_losses();
    /// \pre the sink's mutex is locked
    bool drain();
    /// \pre the sink's mutex is locked
    void note_failure(const Error& failure);
    /// Starts a partly written line again, as a new sink has not seen its first bytes. \pre the sink's mutex is locked
    void begin_line_anew() noexcept;
    /// Returns true if the timer has to be armed now. \pre the lines' mutex is locked
    bool wants_timer();
    /// \returns false if the loop has no memory or no thread for it: another line arms it
    bool arm_timer();
    /// Arms the timer if something could not be delivered.
    void arm_timer_for_failure();
    void on_time();
    /// Returns zero after a thread found the sink hanging, so that the next ones do not wait.
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept {
        return fails_.load(std::memory_order_relaxed) ? std::chrono::milliseconds{0} : options_.patience;
    }
    /// Returns how long delayed or undelivered lines wait for the next attempt.
    [[nodiscard]] std::chrono::milliseconds period() const noexcept {
        return options_.delay.count() > 0 ? options_.delay : Options{}.delay;
    }
    [[nodiscard]] bool is_overdue(Time now) const noexcept { return now - oldest_.load() >= options_.delay; }

    LineSink* sink_;
    Options options_;
    RenderLoss render_loss_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Timer> timer_;  ///< used by the loop only
    std::atomic<bool> open_{false};
    std::atomic<bool> delays_{false};
    std::atomic<Time> oldest_{Time::max()};          ///< time of the oldest line in `filling_`; max: none
    std::atomic<Time> prompt_since_{Time{}};         ///< when the current `delay` began
    std::atomic<int> prompt_count_{0};               ///< lines since then that did not wait
    std::atomic<std::uint64_t> lost_{0};             ///< lines that are not yet reported as lost
    std::atomic<std::uint64_t> delivered_until_{0};  ///< number of the line up to which all are delivered
    std::atomic<bool> fails_{false};                 ///< the last delivery was incomplete
    LossCounts losses_;

    TimedMutex line_mutex_;  // guards what follows
    std::string filling_;
    std::uint64_t added_ = 0;  ///< number of lines so far
    bool timer_armed_ = false;
    Time last_time_ = Time::min();  ///< of the line that arrived last
    std::string loss_reason_;
    Loss loss_ = Loss::slow;  ///< the kind of the reason; running out of memory is counted at once

    TimedMutex sink_mutex_;  // guards what follows; locked before the lines' mutex if both are
    std::string draining_;
    std::uint64_t draining_until_ = 0;  ///< number of its last line
    std::size_t delivered_ = 0;         ///< bytes of `draining_`
};

}  // namespace servicekit::policies
