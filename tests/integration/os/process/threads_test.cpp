#include "servicekit/os/threads.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <future>
#include <memory>
#include <utility>

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

TEST(PosixThreadsTest, TheThreadHasItsNameAndItsSignalsBlocked) {
    std::array<char, 16> name{};
    sigset_t blocked{};
    const auto thread = posix_threads().start("beside", [&] {
        pthread_getname_np(pthread_self(), name.data(), name.size());
        pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    });
    ASSERT_TRUE((*thread)->wait(10s));
    EXPECT_STREQ(name.data(), "beside");
    EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
    EXPECT_EQ(sigismember(&blocked, SIGSEGV), 0);
}

TEST(PosixThreadsTest, WaitsNoLongerThanItsLimit) {
    std::promise<void> go_on;
    const auto thread = posix_threads().start("beside", [&] { go_on.get_future().wait(); });
    EXPECT_FALSE((*thread)->wait(10ms));
    go_on.set_value();
    EXPECT_TRUE((*thread)->wait(10s));
    EXPECT_TRUE((*thread)->wait(0ms));
}

TEST(PosixThreadsTest, ADetachedThreadKeepsItsCallUntilItReturns) {
    std::promise<void> go_on;
    auto kept = std::make_shared<std::promise<void>>();
    auto gone = kept->get_future();
    auto thread = posix_threads().start("beside", [kept, &go_on]() mutable {
        go_on.get_future().wait();
        std::exchange(kept, nullptr)->set_value();
    });
    thread->reset();
    EXPECT_EQ(gone.wait_for(0ms), std::future_status::timeout);
    go_on.set_value();
    EXPECT_EQ(gone.wait_for(10s), std::future_status::ready);
}

/// Delays the end of its thread until `go_on` is set.
struct SlowToDestroy {
    ~SlowToDestroy() {
        if (!go_on.valid()) return;
        go_on.wait();
        destroyed->set_value();
    }
    std::shared_future<void> go_on;
    std::shared_ptr<std::promise<void>> destroyed;
};

/// A call that returns, in a thread that does not end before `go_on` is set.
class ThreadThatIsSlowToEnd : public ::testing::Test {
protected:
    Result<std::unique_ptr<Thread>> start() {
        return posix_threads().start("beside", [until = go_on.get_future().share(), end = destroyed, begin = returns] {
            thread_local SlowToDestroy slow;
            slow.go_on = until;
            slow.destroyed = end;
            begin->set_value();
        });
    }
    std::promise<void> go_on;
    std::shared_ptr<std::promise<void>> destroyed = std::make_shared<std::promise<void>>();
    std::shared_ptr<std::promise<void>> returns = std::make_shared<std::promise<void>>();
};

TEST_F(ThreadThatIsSlowToEnd, AWaitHasALimit) {
    const auto thread = start();
    returns->get_future().wait();
    EXPECT_FALSE((*thread)->wait(50ms));
    EXPECT_FALSE((*thread)->wait(0ms));
    go_on.set_value();
    EXPECT_TRUE((*thread)->wait(20s));
    EXPECT_TRUE((*thread)->wait(0ms));
}

TEST_F(ThreadThatIsSlowToEnd, TheDestructorDoesNotWait) {
    auto thread = start();
    returns->get_future().wait();
    thread->reset();
    go_on.set_value();
    EXPECT_EQ(destroyed->get_future().wait_for(20s), std::future_status::ready);
}

}  // namespace
}  // namespace servicekit::os
