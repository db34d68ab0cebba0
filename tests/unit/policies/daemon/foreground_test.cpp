#include "servicekit/policies/daemon/foreground.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/fake_children.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ForegroundTest : public ::testing::Test {
protected:
    mocks::FakeClock clock;
    mocks::FakeChildren children{clock};
    Foreground daemon{{.orphan_grace = 5s}, {.children = &children, .clock = &clock}};
};

TEST_F(ForegroundTest, HasNoBackground) { EXPECT_FALSE(daemon.has_background()); }

TEST_F(ForegroundTest, IgnoresARequestForTheBackground) {
    daemon.configure({.name = "just-another-server",
                      .run_directory = "/run",
                      .pid_file = "/run/x.pid",
                      .control_socket = "/run/x.control",
                      .background = true});
    EXPECT_EQ(daemon.enter().value(), Role::service);
}

TEST_F(ForegroundTest, RunsTheBodyInTheCallersThreadIfItIsNotPid1) {
    bool is_beside = true;

    ASSERT_TRUE(daemon.run_service([&] { is_beside = children.is_beside(); }));

    EXPECT_FALSE(is_beside);
}

TEST_F(ForegroundTest, ReapsOrphansDuringTheBodyAsPid1) {
    children.become_first_process();

    ASSERT_TRUE(daemon.run_service([&] {
        EXPECT_TRUE(children.is_beside());
        children.end(7);
        children.pass(10s);
    }));

    EXPECT_THAT(children.reaped(), ElementsAre(7));
}

TEST_F(ForegroundTest, KeepsChildrenThatSomebodyMayWaitFor) {
    children.become_first_process();

    ASSERT_TRUE(daemon.run_service([&] {
        children.end(7);
        children.pass(5s);
        EXPECT_TRUE(children.wait_for(7));
        children.pass(10s);
    }));

    EXPECT_THAT(children.reaped(), IsEmpty());
}

TEST_F(ForegroundTest, AReusedPidIsKeptAsLongAsAnyOther) {
    children.become_first_process();

    ASSERT_TRUE(daemon.run_service([&] {
        children.end(7);
        children.pass(4s);
        EXPECT_TRUE(children.wait_for(7));
        children.pass(1s);
        children.end(7);
        children.pass(3s);
        EXPECT_TRUE(children.wait_for(7));
    }));

    EXPECT_THAT(children.reaped(), IsEmpty());
}

TEST_F(ForegroundTest, ReapsEachChildAfterItsOwnDelay) {
    children.become_first_process();

    ASSERT_TRUE(daemon.run_service([&] {
        children.end(9);
        children.pass(2s);
        children.end(7);
        children.pass(5s);
        EXPECT_THAT(children.reaped(), ElementsAre(9));
        children.pass(2s);
    }));

    EXPECT_THAT(children.reaped(), ElementsAre(9, 7));
}

TEST_F(ForegroundTest, ReportsWhyTheBodyCouldNotRun) {
    children.become_first_process();
    children.failures().fail_next("run_beside", EAGAIN);
    bool ran = false;

    const auto carried = daemon.run_service([&] { ran = true; });

    ASSERT_FALSE(carried);
    EXPECT_EQ(carried.error().errno_value, EAGAIN);
    EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace servicekit
