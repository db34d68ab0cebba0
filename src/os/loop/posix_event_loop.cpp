#include <pthread.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "os/loop/epoll_set.hpp"
#include "os/loop/loop_calls.hpp"
#include "os/loop/loop_timers.hpp"
#include "os/loop/posted_calls.hpp"
#include "os/process/thread_error.hpp"
#include "os/signals/signals_blocked.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

/// How long a thread on demand waits for more work before it ends.
constexpr int linger_ms = 1000;

/// How long work waits for a thread. The last line of a service often comes within this time before the stop, which then
/// needs no thread.
constexpr std::chrono::milliseconds launch_after{5};
/// How long it waits if the thread could not be started.
constexpr std::chrono::milliseconds retry_after{1000};

/// A turn of the loop and a timer allocate no memory and make no system call that can fail for lack of resources,
/// apart from what the callbacks do.
class PosixEventLoop final : public EventLoop {
public:
    explicit PosixEventLoop(std::string thread) : thread_name_{std::move(thread)} {}
    ~PosixEventLoop() override { stop(); }
    PosixEventLoop(const PosixEventLoop&) = delete;
    PosixEventLoop& operator=(const PosixEventLoop&) = delete;

    std::unique_ptr<Watch> watch(int descriptor) override { return watched_.watch(descriptor); }
    std::unique_ptr<Watch> watch_briefly(int descriptor) override { return watched_.watch_briefly(descriptor); }
    std::unique_ptr<Timer> timer() override { return std::make_unique<LoopTimers::One>(timers_); }
    [[gnu::hot]] void post(std::function<void()> call) override {
        if (!is_on_demand_.load(std::memory_order_acquire)) return add(std::move(call));
        // With the lock, so that the thread does not leave between the two.
        const std::lock_guard lock{thread_mutex_};
        request_thread();
        add(std::move(call));
    }
    void on_failure(std::function<void(const Error&)> callback) override { calls_.on_failure(std::move(callback)); }

    Result<void> start() override {
        const std::lock_guard one_at_a_time{stop_mutex_};
        const std::lock_guard lock{thread_mutex_};
        if (is_started_) return already();
        try {
            launch();
        } catch (const std::system_error& error) {
            return thread_error("start the thread", thread_name_, error.code().value());
        }
        is_started_ = true;
        return {};
    }
    Result<void> start_on_demand(EventLoop& starter, std::function<void()> prepare_thread) override {
        const std::lock_guard one_at_a_time{stop_mutex_};
        const std::lock_guard lock{thread_mutex_};
        if (is_started_) return already();
        starter_ = &starter;
        launch_ = starter.timer();
        prepare_thread_ = std::move(prepare_thread);
        is_started_ = true;
        is_on_demand_.store(true, std::memory_order_release);
        if (timers_.are_running() || !watched_.is_empty() || !posted_.is_empty()) request_thread();
        return {};
    }
    [[gnu::hot, nodiscard]] bool is_this_thread() const noexcept override {
        return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }

    void stop() override {
        const std::lock_guard one_at_a_time{stop_mutex_};
        std::thread last;
        bool was_on_demand = false;
        {
            const std::lock_guard lock{thread_mutex_};
            was_on_demand = is_on_demand_.exchange(false);
            stops_.store(true, std::memory_order_release);
            watched_.wake();
            last = std::move(thread_);
        }
        // Without the lock, because the thread may need it.
        if (last.joinable()) last.join();
        // A thread on demand may not have run.
        if (was_on_demand) posted_.run(calls_);
        const std::lock_guard lock{thread_mutex_};
        stops_.store(false, std::memory_order_relaxed);
        is_started_ = is_requested_ = runs_ = false;
    }

private:
    [[nodiscard]] Error already() const {
        return Error{ExitCode::internal, "start the thread", thread_name_, "it runs already"};
    }
    void add(std::function<void()> call) {
        if (posted_.add(std::move(call))) watched_.wake();
    }
    /// Lets the starter start the thread if it does not run. \pre the thread's mutex is locked
    /// \throws std::bad_alloc
    void request_thread() {
        if (is_requested_ || !is_on_demand_.load(std::memory_order_relaxed)) return;
        starter_->post([this] { launch_->start(launch_after, [this] { launch_for_request(); }); });
        is_requested_ = true;
    }
    /// On the starter's thread.
    void launch_for_request() {
        const std::lock_guard lock{thread_mutex_};
        if (!is_on_demand_.load(std::memory_order_relaxed) || runs_) return;
        try {
            launch();
        } catch (const std::exception&) {
            launch_->start(retry_after, [this] { launch_for_request(); });
        }
    }
    /// \pre the thread's mutex is locked, and the thread does not run
    void launch() {
        if (thread_.joinable()) thread_.join();  // it has left
        const SignalsBlocked signals_blocked;
        // noexcept: an exception that escapes a callback ends the process, as in any thread.
        thread_ = std::thread{[this]() noexcept {
            pthread_setname_np(pthread_self(), thread_name_.c_str());
            if (prepare_thread_) prepare_thread_();
            thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
            turn();
            thread_id_.store({}, std::memory_order_relaxed);
        }};
        runs_ = true;
    }

    [[gnu::hot, gnu::noinline]] void turn() {
        for (;;) {
            // Read before the calls, so that calls posted before the stop are still made.
            const bool is_last = stops_.load(std::memory_order_acquire);
            posted_.run(calls_);
            if (is_last) return;
            timers_.call_due(calls_);
            const bool is_idle =
                is_on_demand_.load(std::memory_order_acquire) && !timers_.are_running() && watched_.is_empty();
            const bool waits = posted_.begin_wait();
            const bool has_woken = watched_.wait(!waits ? 0 : is_idle ? linger_ms : timers_.milliseconds_left());
            posted_.end_wait();
            watched_.call_back(calls_);
            if (is_idle && waits && !has_woken && leaves()) return;
        }
    }
    /// \returns true if the thread has to end: the next post() requests another one
    bool leaves() {
        const std::lock_guard lock{thread_mutex_};
        if (!is_on_demand_.load(std::memory_order_relaxed) || !posted_.is_empty()) return false;
        is_requested_ = runs_ = false;
        return true;
    }

    LoopCalls calls_;
    LoopTimers timers_;
    EpollSet watched_;
    // Declared last, so destroyed first: a call that was never made may own a watch and a timer.
    PostedCalls posted_;

    std::atomic<bool> stops_{false};
    std::atomic<bool> is_on_demand_{false};
    std::atomic<std::thread::id> thread_id_{};
    const std::string thread_name_;
    // Set before a thread is requested.
    EventLoop* starter_ = nullptr;
    std::function<void()> prepare_thread_;

    std::mutex stop_mutex_;      // locked before the thread's mutex if both are
    bool is_started_ = false;    ///< guarded by it
    std::mutex thread_mutex_;    // guards what follows
    bool is_requested_ = false;  ///< a thread on demand runs, or the starter is about to start it
    bool runs_ = false;
    std::thread thread_;
    std::unique_ptr<Timer> launch_;  ///< for the starter's thread
};

}  // namespace

std::unique_ptr<EventLoop> make_posix_event_loop(const std::string& thread) {
    return std::make_unique<PosixEventLoop>(thread);
}

}  // namespace servicekit::os
