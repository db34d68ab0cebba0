#include <pthread.h>

#include <atomic>
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

/// A turn of the loop and a timer allocate no memory and make no system call that can fail for lack of resources,
/// apart from what the callbacks do.
class PosixEventLoop final : public EventLoop {
public:
    explicit PosixEventLoop(std::string thread) : thread_name_{std::move(thread)} {}
    ~PosixEventLoop() override { stop(); }
    PosixEventLoop(const PosixEventLoop&) = delete;
    PosixEventLoop& operator=(const PosixEventLoop&) = delete;

    std::unique_ptr<Watch> watch(int descriptor) override { return watched_.watch(descriptor); }
    std::unique_ptr<Timer> timer() override { return std::make_unique<LoopTimers::One>(timers_); }
    void post(std::function<void()> call) override {
        if (posted_.add(std::move(call))) watched_.wake();
    }
    void on_failure(std::function<void(const Error&)> callback) override { calls_.on_failure(std::move(callback)); }

    Result<void> start() override {
        const std::lock_guard lock{thread_mutex_};
        if (thread_.joinable()) return Error{ExitCode::internal, "start the thread", thread_name_, "it runs already"};
        const SignalsBlocked signals_blocked;
        try {
            // noexcept: an exception that escapes a callback ends the process, as in any thread.
            thread_ = std::thread{[this]() noexcept {
                pthread_setname_np(pthread_self(), thread_name_.c_str());
                turn();
            }};
        } catch (const std::system_error& error) {
            return thread_error("start the thread", thread_name_, error.code().value());
        }
        return {};
    }

    void stop() override {
        const std::lock_guard lock{thread_mutex_};
        if (!thread_.joinable()) return;
        stops_.store(true, std::memory_order_release);
        watched_.wake();
        thread_.join();
        stops_.store(false, std::memory_order_relaxed);
    }

private:
    void turn() {
        for (;;) {
            // Read before the calls, so that calls posted before the stop are still made.
            const bool is_last = stops_.load(std::memory_order_acquire);
            posted_.run(calls_);
            if (is_last) return;
            timers_.call_due(calls_);
            watched_.wait(posted_.begin_wait() ? timers_.milliseconds_left() : 0);
            posted_.end_wait();
            watched_.call_back(calls_);
        }
    }

    LoopCalls calls_;
    LoopTimers timers_;
    EpollSet watched_;
    // Declared last, so destroyed first: a call that was never made may own a watch and a timer.
    PostedCalls posted_;

    std::atomic<bool> stops_{false};
    const std::string thread_name_;
    std::mutex thread_mutex_;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<EventLoop> make_posix_event_loop(const std::string& thread) {
    return std::make_unique<PosixEventLoop>(thread);
}

}  // namespace servicekit::os
