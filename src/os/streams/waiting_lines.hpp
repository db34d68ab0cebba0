#pragma once

#include <time.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "os/streams/last_say.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::os {

/// Lines between the thread that reads and the one that delivers.
class WaitingLines {
public:
    /// Limit of the bytes that are read but not delivered yet.
    static constexpr std::size_t most_waiting = std::size_t{4} << 20U;
    /// How long undelivered lines may block a thread that prints.
    static constexpr std::chrono::milliseconds longest_stall{1000};

    struct Line {
        Stream stream = Stream::out;
        std::string text;
        bool is_cut = false;
        std::uint64_t lost_before = 0;
    };

    explicit WaitingLines(const LastSay& last_say) : last_say_{&last_say} {}

    /// Called by the reader. Waits for room. If the last wait was in vain, it does not wait but drops the line.
    void add(Stream stream, std::string_view text, bool is_cut) {
        std::unique_lock lock{mutex_};
        if (!has_room() && (hangs_ || !wait_for_room(lock))) {
            hangs_ = true;
            ++lost_[static_cast<std::size_t>(stream)];
            return;
        }
        hangs_ = false;
        const auto lost = std::exchange(lost_[static_cast<std::size_t>(stream)], 0);
        lines_.push_back({stream, std::string{text}, is_cut, lost});
        bytes_ += text.size() + sizeof(Line);
        count_.store(lines_.size() + (delivers_ ? 1 : 0), std::memory_order_release);
        added_.notify_one();
    }
    /// Called by the deliverer. \returns false at the end. If it does not wait for a line, \returns false also if there
    /// is none or if it is about to be a crash line.
    bool take(Line& line, bool waits = true) {
        std::unique_lock lock{mutex_};
        delivers_ = false;
        const auto has_line = [this] {
            drop_told();
            return !lines_.empty();
        };
        for (;;) {
            if (waits) added_.wait(lock, [this, has_line] { return has_line() || closed_ || dismissed_; });
            if (!has_line()) return false;
            delivers_ = true;
            if (!last_say_->is_taken()) break;
            delivers_ = false;
            if (!waits) return false;
            lock.unlock();
            last_say_->wait();
            lock.lock();
        }
        line = std::move(lines_.front());
        lines_.pop_front();
        bytes_ -= line.text.size() + sizeof(Line);
        taken_.notify_all();
        return true;
    }
    /// Called by the reader: ends the deliverer if it has nothing to do. \returns false if it has
    [[nodiscard]] bool dismiss() {
        const std::lock_guard lock{mutex_};
        if (!lines_.empty() || delivers_) return false;
        dismissed_ = true;
        added_.notify_all();
        return true;
    }
    /// Called by the reader: another deliverer may begin.
    void recall() {
        const std::lock_guard lock{mutex_};
        dismissed_ = false;
    }
    /// Ends the adding of lines.
    /// \param drops also drops the waiting lines: the log may be gone before their turn
    void close(bool drops) {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        if (drops) {
            lines_.clear();
            told_ = 0;
        }
        added_.notify_all();
        taken_.notify_all();
    }
    [[nodiscard]] bool wait_until_delivered(std::chrono::steady_clock::time_point until) {
        std::unique_lock lock{mutex_};
        return taken_.wait_until(lock, until, [this] { return lines_.empty() && !delivers_; });
    }
    /// Number of lines that are not delivered yet. Async-signal-safe.
    [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_acquire); }
    /// Returns true if a line is being delivered. Async-signal-safe.
    [[nodiscard]] bool delivers() const noexcept { return delivers_.load(); }
    /// Number of lost lines that were not reported yet, by stream.
    using Lost = std::array<std::uint64_t, 3>;
    /// Calls `take` with each line that is here and was not a crash line yet, in a process that dies of a signal.
    /// Does nothing if the lock is held.
    /// \returns the numbers of lines lost after these, for the caller to report
    template <class Take>
    Lost each_of_the_last(Take take) noexcept {
        constexpr timespec a_millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
        // Trying cannot block. A thread that yields may be about to release the lock.
        std::unique_lock lock{mutex_, std::try_to_lock};
        for (int tries = 0; !lock && tries < 20; ++tries) {
            ::nanosleep(&a_millisecond, nullptr);
            static_cast<void>(lock.try_lock());
        }
        if (!lock) return {};
        for (auto at = lines_.begin() + static_cast<std::ptrdiff_t>(told_); at != lines_.end(); ++at) take(*at);
        told_ = lines_.size();
        return std::exchange(lost_, {});
    }

private:
    using Clock = std::chrono::steady_clock;

    /// While a handler has the last say, a thread adds the line that it has in hand regardless
    /// of room. \pre the lock is held
    [[nodiscard]] bool has_room() const noexcept { return bytes_ < most_waiting || closed_ || last_say_->is_taken(); }
    bool wait_for_room(std::unique_lock<std::mutex>& lock) {
        const auto until = Clock::now() + longest_stall;
        while (!has_room() && Clock::now() < until) taken_.wait_for(lock, std::chrono::milliseconds{10});
        return has_room();
    }
    /// Removes lines that were crash lines, as they must not be delivered again. \pre the lock is held
    void drop_told() {
        for (; told_ > 0; --told_) {
            bytes_ -= lines_.front().text.size() + sizeof(Line);
            lines_.pop_front();
        }
        count_.store(lines_.size() + (delivers_ ? 1 : 0), std::memory_order_release);
        taken_.notify_all();
    }

    const LastSay* last_say_;
    std::mutex mutex_;
    std::condition_variable added_;
    std::condition_variable taken_;
    std::deque<Line> lines_;
    std::size_t bytes_ = 0;
    std::size_t told_ = 0;  ///< number of lines at the front that were crash lines
    Lost lost_{};
    std::atomic<bool> delivers_{false};
    bool hangs_ = false;
    bool closed_ = false;
    bool dismissed_ = false;
    std::atomic<std::size_t> count_{0};
};

}  // namespace servicekit::os
