#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/announcements.hpp"
#include "core/candidacy.hpp"
#include "core/configuration.hpp"
#include "core/event_queue.hpp"
#include "core/health_checks.hpp"
#include "core/instance.hpp"
#include "core/life_state.hpp"
#include "core/queued_event.hpp"
#include "core/runs.hpp"
#include "core/shutdown.hpp"
#include "core/timers.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {

/// The activities of a service whose lock has a second level: how they begin, how a loss or a resignation ends them, and
/// what follows. If the lock has one level, only has_standby() is called.
class Activity {
public:
    Activity(LockPolicy& lock, Candidacy& candidacy, EventTable& events, EventQueue& queue, Runs& runs, Timers& timers,
             HealthChecks& health_checks, Shutdown& shutdown, Announcements& announcements, LifeState& state,
             const Configuration& configuration, const Instance& instance, const os::Host& host, Logger& log);

    [[nodiscard]] bool has_standby() const noexcept { return candidacy_.has_standby(); }

    /// \pre the loop exists and does not run yet
    void arm(os::EventLoop& loop);
    /// Waits for the end of the thread that asks the lock, but not for long. \pre the loop has ended
    /// \returns false if the thread still runs, and uses this object
    [[nodiscard]] bool disarm();

    // For the loop's thread.
    /// Refuses the request for which the lock is being asked, because the service ends.
    void refuse_asker();
    /// Returns the error object for a request to resign that comes now; nothing if the service can resign.
    [[nodiscard]] std::optional<Object> refuse_to_resign() const;
    /// Executes the event `resign`, and answers it. \pre refuse_to_resign() returns nothing
    void resign(const std::shared_ptr<QueuedEvent>& run);

    // For any thread.
    /// Calls resign() on the loop's thread. \pre arm()
    void post_resign(std::shared_ptr<QueuedEvent> run);
    /// Returns true if the activity ends, because the lock is lost or the service resigns.
    [[nodiscard]] bool has_to_end() const noexcept {
        return shutdown_.ends_activity() || is_loss_unheard_.load(std::memory_order_acquire);
    }
    /// Returns true if the lock is lost, even if the end of the activity has not begun.
    [[nodiscard]] bool has_lost() const noexcept { return candidacy_.has_standby() && candidacy_.has_lost(); }
    /// Returns true if the activity has to end, or will have to soon.
    [[nodiscard]] bool is_ending() const noexcept { return shutdown_.is_asked_for() || has_to_end() || has_lost(); }

    // For the event thread.
    /// Stands by, and joins the contest for the lock. \returns an error if the service cannot even stand by
    [[nodiscard]] std::optional<Error> stand_by();
    /// Returns true while the service has to stand by.
    [[nodiscard]] bool is_waiting() const noexcept { return !shutdown_.is_stopping() && !candidacy_.has_role(); }
    /// Returns true if a service that stands by is ready.
    [[nodiscard]] bool is_ready_in_standby() const;
    /// Begins the activity, before the start event. \returns false if it is over already
    [[nodiscard]] bool begin();
    /// Notes that the start event has succeeded.
    void begin_to_serve();
    /// Waits until the events are asked to end, and ends timers and health checks, before the stop event.
    void quiet();
    /// Gives up the lock, or the wait for it. \pre the stop event has run, if the start event has
    /// \returns what the process ends with because the lock was lost; nothing if the life may go on
    [[nodiscard]] std::optional<Error> end();
    /// Gives up the lock if end() did not. Does nothing while a health check runs. \pre the handlers are over
    void leave() noexcept;
    /// Answers the client that wanted the service to resign. \param failure why the service ends; nothing if it stands by
    void answer_resigner(const std::optional<Error>& failure);

private:
    /// Ends the activity because the lock is lost. For the loop's thread.
    void lose(const Candidacy::Loss& loss, std::chrono::steady_clock::time_point reported_at);
    void end_for(const Candidacy::Loss& loss, std::chrono::milliseconds left);
    void note_loss(const Candidacy::Loss& loss);
    /// Lets the lock lapse with the process, because a health check still runs. \returns what the process ends with
    [[nodiscard]] std::optional<Error> keep_lock();
    /// For the loop's thread.
    void begin_to_resign(const std::shared_ptr<QueuedEvent>& run);
    void take_successor(const std::shared_ptr<QueuedEvent>& run, const Result<bool>& found);
    void extend_start();
    /// Reports which instance is active.
    void show_standby();
    [[nodiscard]] std::string standby_line() const;

    LockPolicy& lock_;
    Candidacy& candidacy_;
    EventTable& events_;
    EventQueue& queue_;
    Runs& runs_;
    Timers& timers_;
    HealthChecks& health_checks_;
    Shutdown& shutdown_;
    Announcements& announcements_;
    LifeState& state_;
    const Configuration& configuration_;
    const Instance& instance_;
    const os::Host& host_;
    Logger& log_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Timer> start_timer_;    ///< for the loop's thread
    std::unique_ptr<os::Thread> asker_;         ///< for the loop's thread: asks the lock for a successor
    std::shared_ptr<QueuedEvent> asked_by_;     ///< for the loop's thread: the request for which it asks
    std::shared_ptr<QueuedEvent> resigner_;     ///< set on the loop's thread before the activity ends
    std::string standby_reason_;                ///< for the event thread: why it stands by again
    bool has_stood_by_ = false;                 ///< for the event thread
    std::atomic<bool> is_loss_unheard_{false};  ///< the loop's thread does not know of a loss, for lack of memory
    std::mutex loss_mutex_;
    std::optional<Candidacy::Loss> loss_;  ///< guarded by the mutex
};

}  // namespace servicekit
