#include "servicekit/mocks/fake_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

using Side = FakeProcess::Side;
using ::testing::ElementsAre;

TEST(FakeProcessTest, ForkContinuesInTheChild) {
    FakeProcess process;
    const pid_t before = process.id();
    EXPECT_EQ(process.fork().value(), 0);
    EXPECT_NE(process.id(), before);
    EXPECT_EQ(process.forks(), 1U);
}

TEST(FakeProcessTest, ForkContinuesInTheParentIfRequested) {
    FakeProcess process;
    const pid_t before = process.id();
    process.follow({Side::parent, Side::child});
    const pid_t child = process.fork().value();
    EXPECT_GT(child, 0);
    EXPECT_EQ(process.id(), before);
    EXPECT_THAT(process.children(), ElementsAre(child));
    EXPECT_EQ(process.fork().value(), 0);
    EXPECT_EQ(process.fork().value(), 0);
}

TEST(FakeProcessTest, ReapsItsOwnChildrenOnce) {
    FakeProcess process;
    process.follow({Side::parent});
    const pid_t child = process.fork().value();
    process.set_child_status(9);
    EXPECT_EQ(process.wait_for_child(child).value(), 9);
    EXPECT_EQ(process.wait_for_child(child).error().errno_value, ECHILD);
    EXPECT_EQ(process.wait_for_child(1).error().errno_value, ECHILD);
}

TEST(FakeProcessTest, RefusesToForkWhileThreadsRun) {
    FakeProcess process;
    process.set_thread_count(2);
    EXPECT_FALSE(process.fork());
    EXPECT_EQ(process.forks(), 0U);
}

TEST(FakeProcessTest, LeadsASessionOnlyBetweenTwoForks) {
    FakeProcess process;
    EXPECT_EQ(process.start_session().error().errno_value, EPERM);
    ASSERT_TRUE(process.fork());
    ASSERT_TRUE(process.start_session());
    EXPECT_TRUE(process.leads_session());
    const pid_t session = process.session();
    ASSERT_TRUE(process.fork());
    EXPECT_FALSE(process.leads_session());
    EXPECT_EQ(process.session(), session);
}

TEST(FakeProcessTest, RecordsItsChanges) {
    FakeProcess process;
    process.set_directory("/home");
    EXPECT_EQ(process.current_directory().value(), "/home");
    ASSERT_TRUE(process.change_directory("/srv"));
    EXPECT_EQ(process.directory(), "/srv");
    EXPECT_EQ(process.set_file_mask(027), 022U);
    EXPECT_EQ(process.file_mask(), 027U);
}

TEST(FakeProcessTest, ThrowsInsteadOfExiting) {
    FakeProcess process;
    try {
        process.exit_now(75);
    } catch (const ProcessExited& exited) {
        EXPECT_EQ(exited.status, 75);
    }
    EXPECT_EQ(process.exit_status(), 75);
}

TEST(FakeProcessTest, FailsOnDemand) {
    FakeProcess process;
    process.failures.fail_next("fork", EAGAIN);
    EXPECT_EQ(process.fork().error().errno_value, EAGAIN);
    process.failures.fail_next("change_directory", ENOENT, "/srv");
    EXPECT_EQ(process.change_directory("/srv").error().errno_value, ENOENT);
    EXPECT_EQ(process.directory(), "/");
    process.failures.fail_next("start_session", EPERM);
    EXPECT_FALSE(process.start_session());
}

}  // namespace
}  // namespace servicekit::mocks
