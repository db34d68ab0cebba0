#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
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

class PosixThread final : public Thread {
public:
    PosixThread(std::shared_ptr<OneCall> call, std::thread thread)
        : call_{std::move(call)}, thread_{std::move(thread)} {}
    PosixThread(const PosixThread&) = delete;
    PosixThread& operator=(const PosixThread&) = delete;
    ~PosixThread() override {
        if (!wait(std::chrono::milliseconds{0})) thread_.detach();
    }

    bool wait(std::chrono::milliseconds at_most) noexcept override {
        if (!thread_.joinable()) return true;
        {
            std::unique_lock lock{call_->mutex};
            const auto until = std::chrono::steady_clock::now() + at_most;
            if (!call_->ended.wait_until(lock, until, [this] { return call_->has_ended; })) return false;
        }
        thread_.join();
        return true;
    }

private:
    std::shared_ptr<OneCall> call_;
    std::thread thread_;
};

class PosixThreads final : public Threads {
public:
    Result<std::unique_ptr<Thread>> start(const std::string& name, std::function<void()> call) override {
        auto shared = std::make_shared<OneCall>();
        shared->call = std::move(call);
        const SignalsBlocked signals_blocked;
        try {
            std::thread thread{[kept = shared, name]() noexcept {
                pthread_setname_np(pthread_self(), name.c_str());
                give_alternate_stack();
                kept->make();
            }};
            return std::unique_ptr<Thread>{std::make_unique<PosixThread>(std::move(shared), std::move(thread))};
        } catch (const std::system_error& error) {
            return thread_error("start the thread", name, error.code().value());
        }
    }
};

}  // namespace

Threads& posix_threads() {
    static PosixThreads threads;
    return threads;
}

}  // namespace servicekit::os
