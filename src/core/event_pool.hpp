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

/// Runs the events that are declared concurrent, each on a thread of the pool. A thread is started when one is asked for
/// and none is free, and ends when it has been idle for a while. Thread-safe where nothing else is said.
class EventPool {
public:
    static constexpr std::size_t most_threads = 4;
    static constexpr std::chrono::seconds longest_idle{10};

    /// \param trail to whose chain those of the pool's threads are appended
    EventPool(EventQueue& queue, const RunnerSurroundings& surroundings, os::EventTrail& trail, const os::Host& host);
    ~EventPool();
    EventPool(const EventPool&) = delete;
    EventPool& operator=(const EventPool&) = delete;

    /// \pre the loop does not turn yet
    void arm(os::EventLoop& loop) { loop_ = &loop; }

    /// Has the pool look at the queue. From the loop's thread.
    void look();
    /// The same from any thread. Before arm() nothing happens: the first resume() looks.
    void wake();

    // From the event thread.
    /// Nothing begins before the first resume(), nor before each pause() has one.
    void resume();
    /// Waits until nothing runs on the pool.
    void pause();
    /// Ends the threads. \pre it is paused and stays so, and the loop turns no more
    void close();

    /// The runner on whose thread, and in whose handler, the caller is; null if it is in none.
    [[nodiscard]] EventRunner* runner_here() const;
    [[nodiscard]] bool is_busy() const;
    /// Whether the event thread waits in pause().
    [[nodiscard]] bool is_waited_for() const noexcept { return is_waited_for_.load(std::memory_order_acquire); }
    /// What runs, for those who look from another thread.
    [[nodiscard]] std::vector<EventRunner::Busy> busy() const;

private:
    struct Worker;
    /// \returns who takes the next event that waits; null if all that wait are taken care of
    [[nodiscard]] Worker* choose();
    [[nodiscard]] Result<void> start(Worker& worker);
    void refuse_all(const Error& error);

    // On a worker's thread.
    void work(Worker& worker);
    /// \returns null if nothing may begin
    [[nodiscard]] std::shared_ptr<QueuedEvent> take();
    void give_back();
    /// Sleeps until there is something to do. \returns false if the thread is to end
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
    std::size_t pauses_ = 1;  ///< that have had no resume()
    bool is_closing_ = false;
};

}  // namespace servicekit
