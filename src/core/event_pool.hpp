#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit {

/// Runs concurrent events, each on a thread of the pool. Starts a thread if an event needs one and none is free. A
/// thread ends when it has been idle for a while. Thread-safe unless stated otherwise.
class EventPool {
public:
    static constexpr std::size_t most_threads = 4;
    static constexpr std::chrono::seconds longest_idle{10};

    /// \param trail the trails of the pool's threads are appended to its chain
    EventPool(EventQueue& queue, const RunnerSurroundings& surroundings, os::EventTrail& trail, const os::Host& host);
    ~EventPool();
    EventPool(const EventPool&) = delete;
    EventPool& operator=(const EventPool&) = delete;

    /// \pre the loop does not run yet
    void arm(os::EventLoop& loop) { loop_ = &loop; }

    /// Checks the queue for events to run. For the loop's thread.
    void look();
    /// Does the same from any thread. Before arm() it does nothing: the first resume() checks the queue.
    void wake();

    // For the event thread.
    /// Lets events begin. None begins before the first resume(), nor before each pause() has had its resume().
    void resume();
    /// Waits until nothing runs on the pool.
    void pause();
    /// Ends the threads. \pre the pool is paused and stays so, and the loop has ended
    void close();

    /// Returns the runner in whose handler the caller is; null if the caller is not in one.
    [[nodiscard]] EventRunner* runner_here() const;
    [[nodiscard]] bool is_busy() const;
    /// Returns true if the event thread waits in pause().
    [[nodiscard]] bool is_waited_for() const noexcept { return is_waited_for_.load(std::memory_order_acquire); }
    /// Returns the events that run. Can be called from any thread.
    [[nodiscard]] std::vector<EventRunner::Busy> busy() const;

private:
    struct Worker;
    /// \returns the worker for the next waiting event; null if no event needs a worker
    [[nodiscard]] Worker* choose();
    [[nodiscard]] Result<void> start(Worker& worker);
    void refuse_all(const Error& error);

    // For the worker's thread.
    void work(Worker& worker);
    /// \returns null if no event may begin
    [[nodiscard]] std::shared_ptr<QueuedEvent> take();
    void give_back();
    /// Sleeps until there is something to do. \returns false if the thread must end
    [[nodiscard]] bool rest(Worker& worker);

    EventQueue& queue_;
    const RunnerSurroundings& surroundings_;
    os::EventTrail& trail_;
    const os::Host& host_;
    std::atomic<os::EventLoop*> loop_{nullptr};  ///< set by arm()
    std::atomic<bool> is_waited_for_{false};
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::size_t active_ = 0;  ///< workers that run an event
    std::size_t pauses_ = 1;  ///< calls of pause() without a resume()
    bool is_closing_ = false;
};

}  // namespace servicekit
