#include "servicekit/os/interruptible_sleep.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

TEST(InterruptibleSleepTest, SleepsForTheGivenTime) {
    const auto sleep = make_posix_interruptible_sleep();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(sleep->sleep_for(20ms));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
    EXPECT_TRUE(sleep->sleep_for(0ms));
}

TEST(InterruptibleSleepTest, EndsAtASignalAndReturnsAtOnceAfterIt) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const auto sleep = make_posix_interruptible_sleep();
        EXPECT_EQ(sleep->ended_by(), 0);
        ASSERT_EQ(std::raise(number), 0);
        EXPECT_FALSE(sleep->sleep_for(1h));
        EXPECT_FALSE(sleep->sleep_for(1h));
        EXPECT_EQ(sleep->ended_by(), number);
    }
}

TEST(InterruptibleSleepTest, IsNotEndedByASignalThatIsIgnored) {
    std::signal(SIGHUP, SIG_IGN);
    const auto sleep = make_posix_interruptible_sleep();
    ASSERT_EQ(std::raise(SIGHUP), 0);
    EXPECT_TRUE(sleep->sleep_for(20ms));
    std::signal(SIGHUP, SIG_DFL);
}

TEST(InterruptibleSleepTest, LeavesSignalsAsTheyWere) {
    { const auto sleep = make_posix_interruptible_sleep(); }
    EXPECT_EXIT(std::raise(SIGTERM), ::testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace servicekit::os
