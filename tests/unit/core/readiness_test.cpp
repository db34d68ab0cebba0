// The effect of the setting ready-fd, and the process in which the handlers run.
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "core/lifecycle.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::HasSubstr;

class ReadinessTest : public testing::ServiceTest {
protected:
    ReadinessTest() { host.inherited.leave_open(3); }

    /// Sets ready-fd as the option --ready-fd does.
    void tell_on(int descriptor) {
        core().configuration().to_fill().set_text("ready-fd", std::to_string(descriptor), SettingsLayer::command_line);
    }
};

TEST_F(ReadinessTest, ANewlineMeansReady) {
    hooks.on_start = [this] {
        EXPECT_TRUE(host.inherited.is_claimed(3));
        EXPECT_EQ(host.inherited.written(3), "");
    };
    then([this] {
        EXPECT_EQ(host.inherited.written(3), "\n");
        EXPECT_FALSE(host.inherited.is_open(3));
    });
    raise(SIGTERM);
    tell_on(3);

    EXPECT_EQ(run(), 0);
}

TEST_F(ReadinessTest, IsReportedOnceDespiteReloads) {
    then([this] { host.signals.raise(SIGHUP, {.pid = 99, .uid = 0, .gid = 0}); });
    raise(SIGTERM);
    tell_on(3);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.inherited.written(3), "\n");
}

TEST_F(ReadinessTest, AFailedStartClosesTheDescriptorSilently) {
    hooks.on_start = [] { throw std::runtime_error("the port is taken"); };
    tell_on(3);

    EXPECT_EQ(run(), 70);
    EXPECT_FALSE(host.inherited.is_open(3));
    EXPECT_EQ(host.inherited.written(3), "");
}

TEST_F(ReadinessTest, AStartThatFailsEarlyClosesTheDescriptor) {
    host.act_as({.pid = 1234, .uid = 0, .gid = 0});
    const auto other = host.locks.try_lock(pid_file, 0644).value();
    host.act_as({.pid = 4711, .uid = 0, .gid = 0});
    tell_on(3);

    EXPECT_EQ(run(), 69);
    EXPECT_FALSE(host.inherited.is_open(3));
}

TEST_F(ReadinessTest, AClosedDescriptorFailsTheStart) {
    tell_on(7);

    EXPECT_EQ(run(), 78);
    EXPECT_EQ(errors(), "trial: cannot report readiness on 'descriptor 7': Bad file descriptor\n");
    EXPECT_FALSE(host.files.exists(pid_file));
}

TEST_F(ReadinessTest, AMissingReaderDoesNotEndTheService) {
    host.inherited.failures().fail_next("write_and_close", EPIPE);
    raise(SIGTERM);
    tell_on(3);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), HasSubstr("warning trial[4711]: cannot write to 'descriptor 3': Broken pipe"));
}

TEST_F(ReadinessTest, SurvivesTheForkToTheBackground) {
    options.daemonize = true;
    raise(SIGTERM);
    tell_on(3);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.inherited.written(3), "\n");
}

}  // namespace
}  // namespace servicekit
