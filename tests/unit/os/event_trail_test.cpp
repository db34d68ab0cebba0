#include "servicekit/os/event_trail.hpp"

#include <gtest/gtest.h>

#include <string>

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

class EventTrailTest : public ::testing::Test {
protected:
    const EventTrail::Time now{1h};
    EventTrail trail;
};

TEST_F(EventTrailTest, IsEmptyAtFirst) {
    EXPECT_EQ(trail.depth(), 0U);
    EXPECT_EQ(trail.size(), 0U);
}

TEST_F(EventTrailTest, ListsRunningEventsOutermostFirst) {
    trail.begin("outer", now);
    trail.begin("inner", now + 1s);

    ASSERT_EQ(trail.depth(), 2U);
    EXPECT_EQ(trail.running(0).name.view(), "outer");
    EXPECT_EQ(trail.running(1).name.view(), "inner");
    EXPECT_EQ(trail.running(1).began, now + 1s);
}

TEST_F(EventTrailTest, ListsEndedEventsLatestFirst) {
    trail.begin("outer", now);
    trail.begin("inner", now);
    trail.end("ok", now + 1s);
    trail.end("failed", now + 2s);

    ASSERT_EQ(trail.size(), 2U);
    EXPECT_EQ(trail.ended(0).name.view(), "outer");
    EXPECT_EQ(trail.ended(0).outcome.view(), "failed");
    EXPECT_EQ(trail.ended(1).name.view(), "inner");
    EXPECT_EQ(trail.ended(1).ended, now + 1s);
}

TEST_F(EventTrailTest, KeepsOnlyTheLatest) {
    for (std::size_t i = 0; i <= EventTrail::kept; ++i) {
        trail.begin(std::to_string(i), now);
        trail.end("ok", now);
    }

    EXPECT_EQ(trail.size(), EventTrail::kept);
    EXPECT_EQ(trail.ended(0).name.view(), std::to_string(EventTrail::kept));
    EXPECT_EQ(trail.ended(EventTrail::kept - 1).name.view(), "1");
}

TEST_F(EventTrailTest, TooDeepEventsAreCountedAndNotKept) {
    for (std::size_t i = 0; i < EventTrail::deepest + 2; ++i) trail.begin("level", now);
    EXPECT_EQ(trail.depth(), EventTrail::deepest);

    for (std::size_t i = 0; i < EventTrail::deepest + 2; ++i) trail.end("ok", now);
    EXPECT_EQ(trail.depth(), 0U);
    EXPECT_EQ(trail.size(), EventTrail::deepest);
}

TEST_F(EventTrailTest, AnEndWithoutABeginIsIgnored) {
    trail.end("ok", now);

    EXPECT_EQ(trail.size(), 0U);
}

TEST_F(EventTrailTest, LongTextsAreCut) {
    trail.begin(std::string(1000, 'x'), now);

    EXPECT_EQ(trail.running(0).name.view(), std::string(64, 'x'));
}

}  // namespace
}  // namespace servicekit::os
