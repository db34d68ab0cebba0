#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "os/crash/alternate_stack.hpp"
#include "os/process/thread_error.hpp"
#include "os/signals/signals_blocked.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit::os {
namespace {

/// State shared by both sides. A thread that is detached keeps it alive.
struct OneCall {
    std::function<void()> call;
    std::mutex mutex;
    std::condition_variable ended;
    bool has_ended = false;

    void make() noexcept {
        call();
        // Destroyed before the waiters are notified, so that what the call owned is gone by then.
        call = nullptr;
        const std::lock_guard lock{mutex};
        has_ended = true;
        ended.notify_all();
    }
};

/// What a new thread gets.
struct Beginning {
    std::shared_ptr<OneCall> call;
    std::string name;
};

void* run_thread(void* given) noexcept {
    const std::unique_ptr<Beginning> beginning{static_cast<Beginning*>(given)};
    const auto call = std::move(beginning->call);
    pthread_setname_np(pthread_self(), beginning->name.c_str());
    give_alternate_stack();
    call->make();
    return nullptr;
}

class PosixThread final : public Thread {
public:
    explicit PosixThread(std::shared_ptr<OneCall> call) : call_{std::move(call)} {}
    PosixThread(const PosixThread&) = delete;
    PosixThread& operator=(const PosixThread&) = delete;
    ~PosixThread() override {
        if (exists_) pthread_detach(thread_);
    }

    /// Begins the thread. \returns 0, or the errno value of the failure
    int begin(std::unique_ptr<Beginning> beginning) noexcept {
        const int error = pthread_create(&thread_, nullptr, &run_thread, beginning.get());
        if (error != 0) return error;
        static_cast<void>(beginning.release());  // the thread owns it
        exists_ = true;
        return 0;
    }

    bool wait(std::chrono::milliseconds at_most) noexcept override {
        if (!exists_) return true;
        const auto until = std::chrono::steady_clock::now() + at_most;
        {
            std::unique_lock lock{call_->mutex};
            if (!call_->ended.wait_until(lock, until, [this] { return call_->has_ended; })) return false;
        }
        exists_ = !join(until);
        return !exists_;
    }

private:
    /// Joins the thread. It still has to destroy its thread_local objects, which may hang.
    bool join(std::chrono::steady_clock::time_point until) noexcept {
        using std::chrono::nanoseconds;
        // pthread_timedjoin_np(3) uses the system clock, which may be set back during a long wait.
        constexpr nanoseconds longest_piece = std::chrono::milliseconds{10};
        for (;;) {
            const nanoseconds left = until - std::chrono::steady_clock::now();
            const nanoseconds end =
                std::chrono::system_clock::now().time_since_epoch() + std::clamp(left, nanoseconds{0}, longest_piece);
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(end);
            const timespec at{.tv_sec = seconds.count(), .tv_nsec = (end - seconds).count()};
            const int error = pthread_timedjoin_np(thread_, nullptr, &at);
            if (error != ETIMEDOUT) return error == 0;
            if (left <= nanoseconds{0}) return false;
        }
    }

    std::shared_ptr<OneCall> call_;
    pthread_t thread_{};
    bool exists_ = false;  ///< neither joined nor detached
};

class PosixThreads final : public Threads {
public:
    Result<std::unique_ptr<Thread>> start(const std::string& name, std::function<void()> call) override {
        auto shared = std::make_shared<OneCall>();
        shared->call = std::move(call);
        // All memory is allocated first, because a thread that has begun cannot be taken back.
        auto beginning = std::make_unique<Beginning>(Beginning{.call = shared, .name = name});
        auto thread = std::make_unique<PosixThread>(std::move(shared));
        const SignalsBlocked signals_blocked;
        if (const int error = thread->begin(std::move(beginning)); error != 0)
            return thread_error("start the thread", name, error);
        return std::unique_ptr<Thread>{std::move(thread)};
    }

    void yield() noexcept override { ::sched_yield(); }
};

}  // namespace

Threads& posix_threads() {
    static PosixThreads threads;
    return threads;
}

}  // namespace servicekit::os
