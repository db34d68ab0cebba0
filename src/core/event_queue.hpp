#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "core/queued_event.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit {

/// The waiting events. Concurrent events wait for the pool, all others for the event thread; both in the order of
/// arrival. Thread-safe.
class EventQueue {
public:
    static constexpr std::size_t limit = 1024;
    /// How many callers at most are notified of the event that runs before theirs, starting with the first in the
    /// queue. To notify a long queue takes longer than most events, and is done for each event.
    static constexpr std::size_t told_at_once = 32;

    EventQueue(os::Parking& parking, const os::Clock& clock) : parking_{&parking}, clock_{clock} {}

    /// Who wakes the event thread: push(), or the caller after it has pushed all events.
    enum class Wake { now, by_caller };
    /// Adds an event and gives it an id. \returns false if the queue is full or closed
    bool push(std::shared_ptr<QueuedEvent> run, Wake wake = Wake::now);
    /// Notifies the first callers that want to know what runs before their events.
    /// Takes no lock if none of them wants to know. An event that is pushed during this call is seen here, or its caller
    /// learns what runs now.
    /// \pre what running() returns has been changed, with a lock that running() takes
    /// \param running as in QueuedEvent::tell_queued()
    template <class Running>
    void tell_waiting(const Running& running) {
        if (!may_want_turns_.load(std::memory_order_relaxed)) return;
        for (const auto& run : those_that_want_turns()) run->tell_queued(running);
    }
    /// Returns the next event for the event thread. \returns null if none waits
    [[nodiscard]] std::shared_ptr<QueuedEvent> first() const;
    /// Takes the next event for the event thread. \returns null if none waits
    std::shared_ptr<QueuedEvent> take() { return take_from(waiting_); }
    /// Takes the next event for the pool. \returns null if none waits
    std::shared_ptr<QueuedEvent> take_concurrent() { return take_from(concurrent_); }
    /// Removes an event. \returns false if it did not wait any more
    bool remove(const QueuedEvent& run);
    /// Closes the queue. \returns the events that waited, to be refused
    std::vector<std::shared_ptr<QueuedEvent>> close();
    /// Lets no event be taken until reopen(). Those that wait remain, until close().
    void hold() noexcept;
    /// Opens it again, and lets events be taken.
    void reopen();
    /// Returns the error object for an event that push() refused.
    [[nodiscard]] Object refusal() const;
    [[nodiscard]] bool is_closed() const;
    [[nodiscard]] bool holds(const QueuedEvent& run) const;
    /// Returns true if nothing but runs of this event waits for the event thread.
    [[nodiscard]] bool holds_only(std::string_view event) const;
    /// Returns the number of events that wait for the pool.
    [[nodiscard]] std::size_t concurrent() const;
    /// Returns the number of waiting events. Takes no lock.
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
    /// Returns all waiting events, the oldest first.
    [[nodiscard]] std::vector<std::shared_ptr<QueuedEvent>> all() const;
    /// \returns null if no waiting event has the id
    [[nodiscard]] std::shared_ptr<QueuedEvent> find(std::uint64_t id) const;

    /// Wakes the event thread. It then checks the queue and whether the service stops.
    void wake() { parking_->unpark(); }
    /// Sleeps until wake() is called. Returns at once if it was called since the last time. For the event thread.
    void wait() { parking_->park(); }

private:
    using Waiting = std::deque<std::shared_ptr<QueuedEvent>>;

    [[nodiscard]] std::vector<std::shared_ptr<QueuedEvent>> those_that_want_turns();
    std::shared_ptr<QueuedEvent> take_from(Waiting& waiting);
    /// \pre the mutex is locked
    void size_changed() noexcept { size_.store(waiting_.size() + concurrent_.size(), std::memory_order_release); }

    os::Parking* parking_;
    const os::Clock& clock_;
    mutable std::mutex mutex_;
    Waiting waiting_;
    Waiting concurrent_;
    std::atomic<std::size_t> size_{0};  ///< of both
    std::uint64_t last_id_ = 0;
    bool closed_ = false;
    bool is_held_ = false;
    std::atomic<bool> may_want_turns_{false};  ///< an event that waits may want to be notified of its turn
};

}  // namespace servicekit
