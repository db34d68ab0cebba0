#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "policies/log/timed_mutex.hpp"
#include "servicekit/base/log_level.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/writing.hpp"

namespace servicekit::policies {

/// Where a LineBuffer delivers; one thread at a time.
class LineSink {
public:
    virtual ~LineSink() = default;
    /// Puts whole lines into the kernel, but for those whose first bytes it took before.
    virtual os::Writing deliver(std::string_view lines) = 0;
    /// The same for a process that dies of a signal. Async-signal-safe.
    virtual void deliver_at_crash(std::string_view lines) noexcept = 0;
};

/// Collects lines from many threads and delivers them in their order.
///
/// Warnings and worse are delivered when append() returns, with all before them; other lines `delay` later at most, or
/// when the buffer is full. What can't be delivered stays, a line that was cut short with the rest of it, and is tried
/// again; once there is no room for more, lines are counted, and the place where they are missing says how many and why.
/// A sink that hangs costs a thread `patience` at most, and what it brought.
class LineBuffer {
public:
    struct Options {
        std::size_t capacity = 64U << 10U;
        std::chrono::milliseconds delay{200};  ///< 0: every line is delivered when append() returns
        std::chrono::milliseconds patience{1000};
    };
    using Time = std::chrono::system_clock::time_point;
    /// Appends the line that says that `count` lines are lost.
    using RenderLoss = std::function<void(std::string& out, Time time, std::uint64_t count, std::string_view reason)>;

    LineBuffer(LineSink& sink, Options options);
    LineBuffer(const LineBuffer&) = delete;
    LineBuffer& operator=(const LineBuffer&) = delete;
    ~LineBuffer() = default;

    void set_delay(std::chrono::milliseconds delay) noexcept { options_.delay = delay; }
    /// Lets lines in; before, they are dropped. Until start() nothing is delayed.
    void open(RenderLoss render);
    [[nodiscard]] bool is_open() const noexcept { return open_.load(std::memory_order_acquire); }
    void start(os::EventLoop& loop);
    /// The loop has ended: nothing is delayed any more.
    void stop() noexcept;

    /// \param line whole, with its newline
    void append(LogLevel level, Time time, std::string_view line) noexcept;
    /// Counts a line that never got here.
    void count_loss(std::string_view reason) noexcept;
    /// \returns false where something is left
    bool flush(std::chrono::milliseconds at_most);

    /// Has the sink for oneself: what is in the buffer is tried first.
    /// \returns false, with nothing done, where the sink hung all that time
    template <class Change>
    bool change_sink(std::chrono::milliseconds at_most, Change change) {
        const TimedMutex::Lock lock{sink_mutex_, at_most};
        if (!lock.owns_lock()) return false;
        (void)drain();
        if (change()) begin_line_anew();
        return true;
    }

    /// Drops lines from here on, and delivers the last ones.
    /// \returns false where a thread is still within the sink: both must stay then
    bool close(Time now, std::chrono::milliseconds at_most) noexcept;
    /// Delivers what is left, then `lines`. Async-signal-safe.
    void write_at_crash(std::string_view lines) noexcept;

private:
    enum class Room { enough, none, closed };

    /// Delivers the line without taking it in, where none is in front of it. \returns false where that can't be
    bool deliver_alone(std::string_view line);
    /// Of a line that was cut short. \returns whether the timer is to be armed. \pre the sink's mutex is locked
    bool keep_rest(std::string_view line, const os::Writing& writing);
    /// Takes the line in and delivers what is due.
    void collect(Time time, std::string_view line, bool urgent);
    /// \param position set to which line it is, counted from the first that was taken in
    [[nodiscard]] Room add(Time time, std::string_view line, bool& arms_timer, std::uint64_t& position);
    /// \pre the lines' mutex is locked
    void take_in(Time time, std::string_view line);
    /// Delivers the lines up to that one, or sees somebody else do it.
    void flush_until(std::uint64_t position, std::chrono::milliseconds at_most);
    /// Puts the line that tells of losses into the buffer. \pre the lines' mutex is locked
    bool add_losses(Time time);
    bool tell_losses();
    /// \pre the sink's mutex is locked
    bool drain();
    /// \pre the sink's mutex is locked
    void note_failure(const Error& failure);
    /// A new sink has not seen the first bytes of a line that was cut short. \pre the sink's mutex is locked
    void begin_line_anew() noexcept;
    /// Whether it is to be armed now. \pre the lines' mutex is locked
    bool wants_timer();
    void arm_timer();
    /// Where something could not be delivered.
    void arm_timer_for_failure();
    void on_time();
    /// Who found it hanging tells the next ones not to wait.
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept {
        return fails_.load(std::memory_order_relaxed) ? std::chrono::milliseconds{0} : options_.patience;
    }
    /// How long what waits, or could not be delivered, waits for the next try.
    [[nodiscard]] std::chrono::milliseconds period() const noexcept {
        return options_.delay.count() > 0 ? options_.delay : Options{}.delay;
    }
    [[nodiscard]] bool is_overdue(Time now) const noexcept { return now - oldest_.load() >= options_.delay; }

    LineSink* sink_;
    Options options_;
    RenderLoss render_loss_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Timer> timer_;  ///< the loop's
    std::atomic<bool> open_{false};
    std::atomic<bool> delays_{false};
    std::atomic<Time> oldest_{Time::max()};  ///< the line in `filling_` that has waited longest; max: there is none
    std::atomic<std::uint64_t> lost_{0};     ///< lines of which nobody was told yet
    std::atomic<std::uint64_t> delivered_until_{0};  ///< the line up to which all were delivered
    std::atomic<bool> fails_{false};                 ///< the last delivery was not whole

    TimedMutex line_mutex_;  // guards what follows
    std::string filling_;
    std::uint64_t added_ = 0;  ///< lines, from the first on
    bool timer_armed_ = false;
    Time last_time_ = Time::min();  ///< of the line that came last
    std::string loss_reason_;

    TimedMutex sink_mutex_;  // the same; taken before the lines' mutex where both are
    std::string draining_;
    std::uint64_t draining_until_ = 0;  ///< its last line
    std::size_t delivered_ = 0;         ///< bytes of `draining_`
};

}  // namespace servicekit::policies
