#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "core/queued_event.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit {

/// The events that wait for the event thread, in the order of arrival. Thread-safe.
class EventQueue {
public:
    static constexpr std::size_t limit = 1024;
    /// How many askers learn what runs before them, the first ones. To tell all of a long queue takes longer than most
    /// events, and is done for each of them.
    static constexpr std::size_t told_at_once = 32;

    explicit EventQueue(os::Parking& parking) : parking_{&parking} {}

    /// Whether the event thread is woken by the push, or by the caller, once it has pushed all that it has.
    enum class Wake { now, by_caller };
    /// \returns false where it is full, or closed.
    bool push(std::shared_ptr<QueuedEvent> run, Wake wake = Wake::now);
    /// Tells the first of those whose askers want to know what runs before them. \param running as in QueuedEvent::tell_queued()
    template <class Running>
    void tell_waiting(const Running& running) {
        for (const auto& run : those_that_want_turns()) run->tell_queued(running);
    }
    /// \returns null where nothing waits.
    std::shared_ptr<QueuedEvent> take();
    /// \returns whether it still waited; it does not any more.
    bool remove(const QueuedEvent& run);
    /// Takes no more. \returns what waited, to be refused.
    std::vector<std::shared_ptr<QueuedEvent>> close();
    /// The error object for an event that push() refused.
    [[nodiscard]] Object refusal() const;
    [[nodiscard]] bool is_closed() const;
    [[nodiscard]] bool holds(const QueuedEvent& run) const;
    /// Whether nothing waits but runs of this event.
    [[nodiscard]] bool holds_only(std::string_view event) const;

    /// Has the event thread look at the queue, and at whether the service stops.
    void wake() { parking_->unpark(); }
    /// Sleeps until wake() is called, or was called since the last time. From the event thread.
    void wait() { parking_->park(); }

private:
    [[nodiscard]] std::vector<std::shared_ptr<QueuedEvent>> those_that_want_turns();

    os::Parking* parking_;
    mutable std::mutex mutex_;
    std::deque<std::shared_ptr<QueuedEvent>> waiting_;
    bool closed_ = false;
    bool may_want_turns_ = false;  ///< one of those that wait, or that have waited since nobody was found who does
};

}  // namespace servicekit
