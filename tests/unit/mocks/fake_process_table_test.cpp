#include "servicekit/mocks/fake_process_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "servicekit/mocks/fake_event_loop.hpp"

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr pid_t pid = 4711;
bool yes() { return true; }
bool no() { return false; }

class FakeProcessTableTest : public ::testing::Test {
protected:
    FakeProcessTableTest() { processes.add(pid, 1000); }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeProcessTable processes{reactor};
};

TEST_F(FakeProcessTableTest, KnowsTheUserOfARunningProcess) {
    EXPECT_EQ(processes.effective_user_of(pid), 1000U);
    processes.end(pid);
    EXPECT_EQ(processes.effective_user_of(pid), std::nullopt);
}

TEST_F(FakeProcessTableTest, SignalsAConfirmedProcess) {
    EXPECT_TRUE(processes.signal(pid, SIGTERM, yes).value());
    EXPECT_FALSE(processes.signal(pid, SIGTERM, no).value());
    EXPECT_FALSE(processes.signal(1, SIGTERM, yes).value());
    EXPECT_THAT(processes.sent(), ElementsAre(FakeProcessTable::Sent{pid, SIGTERM}));
    EXPECT_TRUE(processes.runs(pid));
}

TEST_F(FakeProcessTableTest, EndsAKilledProcess) {
    EXPECT_TRUE(processes.signal(pid, SIGKILL, yes).value());
    EXPECT_FALSE(processes.runs(pid));
    EXPECT_TRUE(processes.wait_for_end(pid, 0ms));
}

TEST_F(FakeProcessTableTest, NoticesAProcessThatEndsDuringTheCheck) {
    const auto ends = [this] {
        processes.end(pid);
        return true;
    };
    EXPECT_FALSE(processes.signal(pid, SIGTERM, ends).value());
}

TEST_F(FakeProcessTableTest, WaitsOnVirtualTimeUntilTheProcessEnds) {
    FakeEventLoop loop{reactor};
    const auto timer = loop.timer();
    processes.on_signal([&](const FakeProcessTable::Sent&) { timer->start(300ms, [&] { processes.end(pid); }); });
    ASSERT_TRUE(processes.signal(pid, SIGTERM, yes));
    const auto before = clock.steady_now();
    EXPECT_FALSE(processes.wait_for_end(pid, 200ms));
    EXPECT_EQ(clock.steady_now() - before, 200ms);
    EXPECT_TRUE(processes.wait_for_end(pid, 10s));
    EXPECT_EQ(clock.steady_now() - before, 300ms);
}

TEST_F(FakeProcessTableTest, RefusesPidsThatMeanGroups) {
    EXPECT_THROW((void)processes.signal(0, SIGTERM, yes), std::logic_error);
    EXPECT_THROW((void)processes.signal(-1, SIGKILL, yes), std::logic_error);
    EXPECT_FALSE(processes.wait_for_end(0, 1s));
}

TEST_F(FakeProcessTableTest, FailsOnDemand) {
    processes.failures.fail_next("signal", EPERM, "4711");
    EXPECT_EQ(processes.signal(pid, SIGTERM, yes).error().errno_value, EPERM);
    EXPECT_TRUE(processes.sent().empty());
}

}  // namespace
}  // namespace servicekit::mocks
