#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "integration/os/event_loop_fixture.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

using test::Happening;
using LoopTimerTest = test::EventLoopTest;

TEST_F(LoopTimerTest, TimersCallBackInTheOrderOfTheirTimes) {
    Happening last;
    std::vector<int> order;
    const auto later = loop->timer();
    const auto sooner = loop->timer();
    later->start(20ms, [&] {
        order.push_back(2);
        last.happens();
    });
    sooner->start(10ms, [&] { order.push_back(1); });
    start();

    EXPECT_TRUE(last.has_happened());
    loop->stop();
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_F(LoopTimerTest, TimerCallsBackNoSoonerThanAsked) {
    Happening up;
    const auto begin = std::chrono::steady_clock::now();
    timer = loop->timer();
    timer->start(20ms, [&] {
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
        up.happens();
    });

    start();

    EXPECT_TRUE(up.has_happened());
    loop->stop();
}

TEST_F(LoopTimerTest, TimerThatIsPutOffCallsBackAtTheLaterTime) {
    Happening up;
    bool first_was_called = false;
    timer = loop->timer();
    timer->start(1ms, [&] { first_was_called = true; });
    const auto put_off = std::chrono::steady_clock::now();
    timer->start(30ms, [&] {
        EXPECT_GE(std::chrono::steady_clock::now() - put_off, 30ms);
        up.happens();
    });

    start();

    EXPECT_TRUE(up.has_happened());
    loop->stop();
    EXPECT_FALSE(first_was_called);
}

TEST_F(LoopTimerTest, TimerThatIsBroughtForwardCallsBackAtTheEarlierTime) {
    Happening up;
    timer = loop->timer();
    timer->start(24h, [] { FAIL() << "a day has passed"; });
    timer->start(1ms, [&] { up.happens(); });

    start();

    EXPECT_TRUE(up.has_happened());
    loop->stop();
}

TEST_F(LoopTimerTest, TimerTakesTheLongestTimeThereIs) {
    bool was_called = false;
    timer = loop->timer();
    timer->start(std::chrono::milliseconds::max(), [&] { was_called = true; });

    start();
    let_the_loop_turn();

    loop->stop();
    EXPECT_FALSE(was_called);
}

TEST_F(LoopTimerTest, StoppedTimerIsSilentAndMayBeStartedAgain) {
    Happening other_is_up;
    Happening up;
    bool was_called = false;
    timer = loop->timer();
    const auto other = loop->timer();
    timer->start(1ms, [&] { was_called = true; });
    timer->stop();
    other->start(5ms, [&] { other_is_up.happens(); });
    start();
    EXPECT_TRUE(other_is_up.has_happened());

    in_loop([&] { timer->start(1ms, [&] { up.happens(); }); });

    EXPECT_TRUE(up.has_happened());
    loop->stop();
    EXPECT_FALSE(was_called);
}

TEST_F(LoopTimerTest, TimerMayBeStartedAgainAndDestroyedInItsOwnCallback) {
    Happening destroyed;
    timer = loop->timer();
    timer->start(1ms, [&] {
        timer->start(1ms, [&] {
            timer.reset();
            destroyed.happens();
        });
    });

    start();

    EXPECT_TRUE(destroyed.has_happened());
    loop->stop();
}

TEST_F(LoopTimerTest, DestroyedTimerIsSilent) {
    Happening other_is_up;
    bool was_called = false;
    timer = loop->timer();
    const auto other = loop->timer();
    timer->start(1ms, [&] { was_called = true; });
    timer.reset();
    other->start(5ms, [&] { other_is_up.happens(); });

    start();

    EXPECT_TRUE(other_is_up.has_happened());
    loop->stop();
    EXPECT_FALSE(was_called);
}

}  // namespace
}  // namespace servicekit::os
