#pragma once

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

/// The events that wait: for the event thread, or for the pool if they are declared concurrent; each kind in the order of
/// arrival. Thread-safe.
class EventQueue {
public:
    static constexpr std::size_t limit = 1024;
    /// How many askers learn what runs before them, the first ones. To tell all of a long queue takes longer than most
    /// events, and is done for each of them.
    static constexpr std::size_t told_at_once = 32;

    EventQueue(os::Parking& parking, const os::Clock& clock) : parking_{&parking}, clock_{clock} {}

    /// Whether the event thread is woken by the push, or by the caller, once it has pushed all that it has.
    enum class Wake { now, by_caller };
    /// Gives it its id. \returns false where it is full, or closed.
    bool push(std::shared_ptr<QueuedEvent> run, Wake wake = Wake::now);
    /// Tells the first of those whose askers want to know what runs before them. \param running as in QueuedEvent::tell_queued()
    template <class Running>
    void tell_waiting(const Running& running) {
        for (const auto& run : those_that_want_turns()) run->tell_queued(running);
    }
    /// The next one for the event thread. \returns null where nothing waits.
    std::shared_ptr<QueuedEvent> take() { return take_from(waiting_); }
    /// The next one for the pool. \returns null where nothing waits.
    std::shared_ptr<QueuedEvent> take_concurrent() { return take_from(concurrent_); }
    /// \returns whether it still waited; it does not any more.
    bool remove(const QueuedEvent& run);
    /// Takes no more. \returns what waited, to be refused.
    std::vector<std::shared_ptr<QueuedEvent>> close();
    /// The error object for an event that push() refused.
    [[nodiscard]] Object refusal() const;
    [[nodiscard]] bool is_closed() const;
    [[nodiscard]] bool holds(const QueuedEvent& run) const;
    /// Whether nothing waits for the event thread but runs of this event.
    [[nodiscard]] bool holds_only(std::string_view event) const;
    /// How many wait for the pool.
    [[nodiscard]] std::size_t concurrent() const;
    /// All that wait, the oldest first.
    [[nodiscard]] std::vector<std::shared_ptr<QueuedEvent>> all() const;
    /// \returns null if none that waits has the id
    [[nodiscard]] std::shared_ptr<QueuedEvent> find(std::uint64_t id) const;

    /// Has the event thread look at the queue, and at whether the service stops.
    void wake() { parking_->unpark(); }
    /// Sleeps until wake() is called, or was called since the last time. From the event thread.
    void wait() { parking_->park(); }

private:
    using Waiting = std::deque<std::shared_ptr<QueuedEvent>>;

    [[nodiscard]] std::vector<std::shared_ptr<QueuedEvent>> those_that_want_turns();
    std::shared_ptr<QueuedEvent> take_from(Waiting& waiting);

    os::Parking* parking_;
    const os::Clock& clock_;
    mutable std::mutex mutex_;
    Waiting waiting_;
    Waiting concurrent_;
    std::uint64_t last_id_ = 0;
    bool closed_ = false;
    bool may_want_turns_ = false;  ///< one of those that wait, or that have waited since nobody was found who does
};

}  // namespace servicekit
