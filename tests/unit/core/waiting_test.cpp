#include "servicekit/core/waiting.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace servicekit {
namespace {

using namespace std::chrono_literals;

constexpr Waiting::Time now{1000s};
constexpr std::chrono::hours longest{24 * 365 * 100};

TEST(WaitingTest, AWaitIsRoundedUpToMilliseconds) {
    EXPECT_EQ(end_of_wait(now, 2s), now + 2s);
    EXPECT_EQ(end_of_wait(now, 1us), now + 1ms);
    EXPECT_EQ(end_of_wait(now, -1s), now);
    EXPECT_EQ(end_of_wait(now, std::chrono::hours::min()), now);
}

TEST(WaitingTest, ALongWaitEndsAfterAHundredYearsWhateverItsUnit) {
    EXPECT_EQ(end_of_wait(now, std::chrono::hours::max()), now + longest);
    EXPECT_EQ(end_of_wait(now, std::chrono::seconds::max()), now + longest);
    EXPECT_EQ(end_of_wait(now, std::chrono::milliseconds::max()), now + longest);
    EXPECT_EQ(end_of_wait(now, std::chrono::duration<double>{1e300}), now + longest);
    EXPECT_EQ(end_of_wait(now, longest + 1h), now + longest);
}

}  // namespace
}  // namespace servicekit
