#include "servicekit/mocks/fake_threads.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include <chrono>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_parking.hpp"

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

TEST_F(FakeThreadsTest, TheReactorRunsTheCall) {
    const auto thread = start();
    EXPECT_EQ(calls, 0);
    reactor.run_ready();
    EXPECT_EQ(calls, 1);
}

TEST_F(FakeThreadsTest, AWaitRunsAPendingCall) {
    const auto thread = start();
    EXPECT_TRUE((*thread)->wait(std::chrono::milliseconds{0}));
    reactor.run_ready();
    EXPECT_EQ(calls, 1);
}

TEST_F(FakeThreadsTest, ADestroyedThreadRunsNoCall) {
    start()->reset();
    reactor.run_ready();
    EXPECT_EQ(calls, 0);
}

TEST_F(FakeThreadsTest, ASleepingThreadLeavesTheTimeToOthers) {
    using namespace std::chrono_literals;
    FakeParking parking{reactor};
    bool was_unparked = true;
    const auto thread = threads.start("beside", [&] { was_unparked = parking.park_for(10s); });
    reactor.advance(9s);
    EXPECT_FALSE((*thread)->wait(0ms));
    EXPECT_TRUE((*thread)->wait(1s));
    EXPECT_FALSE(was_unparked);
}

TEST_F(FakeThreadsTest, BelongsToTheProcessThatStartedIt) {
    FakeTask::Id seen = 0;
    const FakeTask::Id process = reactor.start([&] {
        const auto thread = threads.start("beside", [&] { seen = FakeTask::current(); });
        static_cast<void>((*thread)->wait(std::chrono::milliseconds{0}));
    });
    reactor.run_ready();
    EXPECT_EQ(seen, process);
}

TEST_F(FakeThreadsTest, EndsWithItsProcess) {
    bool was_unparked = false;
    FakeParking parking{reactor};
    const FakeTask::Id process = reactor.start([&] {
        const auto thread = threads.start("beside", [&] {
            parking.park();
            was_unparked = true;
        });
        static_cast<void>((*thread)->wait(std::chrono::hours{1}));
    });
    reactor.run_ready();
    reactor.kill(process);
    reactor.run_ready();
    EXPECT_TRUE(reactor.has_ended(process));
    EXPECT_FALSE(was_unparked);
}

TEST_F(FakeThreadsTest, FailsOnDemand) {
    threads.failures.fail_next("start", EAGAIN);
    EXPECT_EQ(start().error().errno_value, EAGAIN);
}

}  // namespace
}  // namespace servicekit::mocks
