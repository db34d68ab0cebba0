#include "policies/log/crash_lock.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;

TEST(CrashLockTest, WakesAWaitingThread) {
    TimedMutex mutex;
    std::thread waiting;
    {
        const CrashLock last{mutex};
        ASSERT_TRUE(last.owns_lock());
        waiting = std::thread{[&mutex] { const TimedMutex::Lock lock{mutex}; }};
    }
    waiting.join();
    EXPECT_TRUE(CrashLock{mutex}.owns_lock());
}

TEST(CrashLockTest, WaitsOnceForAThreadThatKeepsTheMutex) {
    TimedMutex mutex;
    const TimedMutex::Lock kept{mutex};
    const auto begin = std::chrono::steady_clock::now();
    for (int times = 0; times < 1000; ++times) EXPECT_FALSE(CrashLock{mutex}.owns_lock());
    // A wait for each one would take a hundred seconds.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s);
}

TEST(CrashLockTest, LocksAMutexThatIsReleasedLate) {
    TimedMutex mutex;
    {
        const TimedMutex::Lock kept{mutex};
        EXPECT_FALSE(CrashLock{mutex}.owns_lock());
    }
    EXPECT_TRUE(CrashLock{mutex}.owns_lock());
    EXPECT_TRUE(CrashLock{mutex}.owns_lock());
}

// A signal may arrive at any time, even while its thread holds the lock for which others wait.
TEST(CrashLockTest, IsSafeInASignalHandler) {
    static TimedMutex mutex;
    static std::atomic<int> handled;
    handled = 0;
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) {
        const CrashLock last{mutex};
        ++handled;
    };
    ASSERT_EQ(::sigaction(SIGUSR2, &action, &before), 0);
    std::atomic<bool> ends{false};
    const auto lock_and_unlock = [&ends] {
        while (!ends) const TimedMutex::Lock lock{mutex};
    };
    std::thread one{lock_and_unlock};
    std::thread two{lock_and_unlock};
    std::thread three{lock_and_unlock};
    for (int signals = 1; signals <= 100; ++signals) {
        ::pthread_kill(one.native_handle(), SIGUSR2);
        while (handled < signals) std::this_thread::yield();
    }
    ends = true;
    one.join();
    two.join();
    three.join();
    ::sigaction(SIGUSR2, &before, nullptr);
}

}  // namespace
}  // namespace servicekit::policies
