#include "servicekit/mocks/fake_parking.hpp"

#include <gtest/gtest.h>

#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_interruptible_sleep.hpp"

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;

class FakeParkingTest : public ::testing::Test {
protected:
    FakeClock clock;
    const std::chrono::steady_clock::time_point begin = clock.steady_now();
    FakeReactor reactor{clock};
    FakeEventLoop loop{reactor};
    FakeParking parking{reactor};
};

TEST_F(FakeParkingTest, ReturnsAtOnceIfUnparkedBefore) {
    parking.unpark();
    parking.unpark();
    parking.park();
    EXPECT_THROW(parking.park(), IdleForever);
}

TEST_F(FakeParkingTest, RunsTheLoopUntilItIsUnparked) {
    loop.post([this] { parking.unpark(); });
    parking.park();
    EXPECT_EQ(clock.steady_now(), begin);
}

TEST_F(FakeParkingTest, LetsTimePassIfNothingIsDue) {
    const auto timer = loop.timer();
    timer->start(90s, [this] { parking.unpark(); });
    parking.park();
    EXPECT_EQ(clock.steady_now() - begin, 90s);
}

TEST_F(FakeParkingTest, RunsTheTestsStepsBeforeTimePasses) {
    const auto timer = loop.timer();
    timer->start(90s, [] {});
    reactor.when_idle([this] { loop.post([this] { parking.unpark(); }); });
    parking.park();
    EXPECT_EQ(clock.steady_now(), begin);
}

TEST_F(FakeParkingTest, SleepsOnVirtualTimeUntilInterrupted) {
    FakeInterruptibleSleep sleep{reactor};
    EXPECT_TRUE(sleep.sleep_for(2s));
    EXPECT_EQ(clock.steady_now() - begin, 2s);
    const auto timer = loop.timer();
    timer->start(1s, [&] { sleep.interrupt(); });
    EXPECT_FALSE(sleep.sleep_for(5s));
    EXPECT_EQ(clock.steady_now() - begin, 3s);
    EXPECT_FALSE(sleep.sleep_for(5s));
    EXPECT_EQ(clock.steady_now() - begin, 3s);
}

}  // namespace
}  // namespace servicekit::mocks
