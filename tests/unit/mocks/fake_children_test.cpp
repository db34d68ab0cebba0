#include "servicekit/mocks/fake_children.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeChildrenTest : public ::testing::Test {
protected:
    FakeClock clock;
    FakeChildren children{clock};
};

TEST_F(FakeChildrenTest, KeepsAnEndedChildUntilSomebodyWaits) {
    children.end(8);
    children.end(7);
    EXPECT_THAT(children.ended(), ElementsAre(7, 8));
    EXPECT_TRUE(children.wait_for(7));
    EXPECT_FALSE(children.wait_for(7));
    children.reap(7);
    children.reap(8);
    EXPECT_THAT(children.reaped(), ElementsAre(8));
    EXPECT_THAT(children.ended(), IsEmpty());
}

TEST_F(FakeChildrenTest, ChecksOncePerPeriodWhileTheBodyRuns) {
    int looks = 0;
    const auto begin = clock.steady_now();

    ASSERT_TRUE(children.run_beside(
        [&] {
            children.pass(900ms);
            EXPECT_EQ(looks, 0);
            children.pass(100ms);
            EXPECT_EQ(looks, 1);
            children.pass(2500ms);
        },
        1s, [&] { ++looks; }));
    children.pass(10s);

    EXPECT_EQ(looks, 3);
    EXPECT_EQ(clock.steady_now() - begin, 13500ms);
}

TEST_F(FakeChildrenTest, FailsOnDemand) {
    children.failures().fail_next("run_beside", EAGAIN);
    EXPECT_EQ(children.run_beside([] { FAIL(); }, 1s, [] {}).error().errno_value, EAGAIN);
}

}  // namespace
}  // namespace servicekit::mocks
