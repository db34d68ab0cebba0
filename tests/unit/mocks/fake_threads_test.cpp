#include "servicekit/mocks/fake_threads.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/fake_clock.hpp"

namespace servicekit::mocks {
namespace {

class FakeThreadsTest : public ::testing::Test {
protected:
    [[nodiscard]] auto start() {
        return threads.start("beside", [this] { ++calls; });
    }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeThreads threads{reactor};
    int calls = 0;
};

TEST_F(FakeThreadsTest, TheReactorMakesTheCall) {
    const auto thread = start();
    EXPECT_EQ(calls, 0);
    reactor.run_ready();
    EXPECT_EQ(calls, 1);
}

TEST_F(FakeThreadsTest, WhoWaitsMakesTheCallWhereItWasNotMadeYet) {
    const auto thread = start();
    EXPECT_TRUE((*thread)->wait(std::chrono::milliseconds{0}));
    reactor.run_ready();
    EXPECT_EQ(calls, 1);
}

TEST_F(FakeThreadsTest, OneThatIsGoneMakesNoCall) {
    start()->reset();
    reactor.run_ready();
    EXPECT_EQ(calls, 0);
}

TEST_F(FakeThreadsTest, FailsOnDemand) {
    threads.failures.fail_next("start", EAGAIN);
    EXPECT_EQ(start().error().errno_value, EAGAIN);
}

}  // namespace
}  // namespace servicekit::mocks
