#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <thread>

namespace servicekit::os {

/// The last events of a process and those that run, for the report of a crash. It is plain memory of a fixed size,
/// filled without locks, so that a signal handler can read it at any time. begin() and end() are for one thread, and
/// nest. If several threads run events, each has a trail, and the trails form a chain.
class EventTrail {
public:
    static constexpr std::size_t kept = 32;     ///< number of events that have ended
    static constexpr std::size_t deepest = 16;  ///< number of nested events that run

    /// A time of the clock that nobody sets.
    using Time = std::chrono::steady_clock::time_point;

    /// A text of limited size; a longer one is cut.
    template <std::size_t Size>
    class Text {
    public:
        /// Copies the text.
        void set(std::string_view text) noexcept { size_ = text.copy(bytes_.data(), Size); }
        /// The text; empty if none was set.
        [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_ < Size ? size_ : Size}; }

    private:
        std::array<char, Size> bytes_{};
        std::size_t size_ = 0;
    };

    /// An event that has ended.
    struct Ended {
        Text<64> name;      ///< of the event
        Text<128> outcome;  ///< in words
        Time began;         ///< when the event began
        Time ended;         ///< when the event ended
    };
    /// An event that runs.
    struct Running {
        Text<64> name;  ///< of the event
        Time began;     ///< when the event began
    };

    /// Notes that an event begins.
    void begin(std::string_view name, Time now) noexcept {
        const std::size_t depth = depth_.load(std::memory_order_relaxed);
        if (depth == 0) thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        if (depth < deepest) {
            running_[depth].name.set(name);
            running_[depth].began = now;
        }
        depth_.store(depth + 1, std::memory_order_release);
    }
    /// Notes that the innermost running event has ended. \param outcome in words
    void end(std::string_view outcome, Time now) noexcept {
        const std::size_t depth = depth_.load(std::memory_order_relaxed);
        if (depth == 0) return;
        if (depth <= deepest) {
            const std::size_t count = count_.load(std::memory_order_relaxed);
            Ended& ended = ended_[count % kept];
            ended.name = running_[depth - 1].name;
            ended.began = running_[depth - 1].began;
            ended.ended = now;
            ended.outcome.set(outcome);
            count_.store(count + 1, std::memory_order_release);
        }
        depth_.store(depth - 1, std::memory_order_release);
    }

    /// Appends another thread's trail to the chain that begins with this one. The other trail must outlive the reports.
    /// Only one thread at a time may call this.
    void append(const EventTrail& other) noexcept {
        const EventTrail* last = this;
        while (const EventTrail* next = last->next()) last = next;
        last->next_.store(&other, std::memory_order_release);
    }

    // For the reporter. The thread that fills the trail may continue at the same time; then the oldest entry may be
    // torn.

    /// The next trail of the chain; null at its end.
    [[nodiscard]] const EventTrail* next() const noexcept { return next_.load(std::memory_order_acquire); }
    /// \returns true if the calling thread runs the events of this trail.
    [[nodiscard]] bool is_of_this_thread() const noexcept {
        return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }
    /// The number of running events; each was started by the one before.
    [[nodiscard]] std::size_t depth() const noexcept {
        const std::size_t depth = depth_.load(std::memory_order_acquire);
        return depth < deepest ? depth : deepest;
    }
    /// Returns a running event. \param level 0 for the outermost one \pre level < depth()
    [[nodiscard]] const Running& running(std::size_t level) const noexcept { return running_[level]; }
    /// The number of ended events in the trail.
    [[nodiscard]] std::size_t size() const noexcept {
        const std::size_t count = count_.load(std::memory_order_acquire);
        return count < kept ? count : kept;
    }
    /// Returns an ended event. \param back 0 for the one that ended last \pre back < size()
    [[nodiscard]] const Ended& ended(std::size_t back) const noexcept {
        return ended_[(count_.load(std::memory_order_acquire) - 1 - back) % kept];
    }

private:
    std::array<Ended, kept> ended_{};
    std::array<Running, deepest> running_{};
    std::atomic<std::size_t> count_{0};
    std::atomic<std::size_t> depth_{0};
    std::atomic<std::thread::id> thread_{std::thread::id{}};
    mutable std::atomic<const EventTrail*> next_{nullptr};
    static_assert(std::atomic<std::thread::id>::is_always_lock_free);
    static_assert(std::atomic<std::size_t>::is_always_lock_free);
};

}  // namespace servicekit::os
