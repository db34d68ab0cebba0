#include "servicekit/mocks/fake_clock.hpp"

#include <gtest/gtest.h>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;

TEST(FakeClockTest, DoesNotMoveByItself) {
    FakeClock clock;
    const auto steady = clock.steady_now();
    const auto system = clock.system_now();
    EXPECT_EQ(clock.steady_now(), steady);
    clock.advance(1500ms);
    EXPECT_EQ(clock.steady_now() - steady, 1500ms);
    EXPECT_EQ(clock.system_now() - system, 1500ms);
}

TEST(FakeClockTest, ChangesTheDateWithoutTimePassing) {
    FakeClock clock;
    const auto steady = clock.steady_now();
    clock.set_system_time(std::chrono::system_clock::time_point{1h});
    EXPECT_EQ(clock.system_now().time_since_epoch(), 1h);
    EXPECT_EQ(clock.steady_now(), steady);
}

}  // namespace
}  // namespace servicekit::mocks
