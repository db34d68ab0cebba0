#include "servicekit/policies/daemon/systemd_notify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/fake_service_manager.hpp"
#include "servicekit/mocks/fake_standard_streams.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

class SystemdNotifyTest : public ::testing::Test {
protected:
    void SetUp() override { daemon.configure({.name = "trial"}); }
    void enter_with_manager() {
        manager.listen();
        ASSERT_EQ(daemon.enter().value(), Role::service);
    }
    [[nodiscard]] const std::string& errors() const { return streams.written(os::Stream::error); }

    mocks::FakeServiceManager manager;
    mocks::FakeProcess process;
    mocks::FakeClock clock;
    mocks::FakeStandardStreams streams;
    os::Host host{.clock = &clock, .process = &process, .service_manager = &manager, .streams = &streams};
    SystemdNotify daemon{{}, host};
};

TEST_F(SystemdNotifyTest, NeverForks) {
    enter_with_manager();
    EXPECT_FALSE(daemon.has_background());
    EXPECT_EQ(process.forks(), 0U);
}

TEST_F(SystemdNotifyTest, ReportsReadinessAndItsPid) {
    enter_with_manager();
    daemon.ready();
    EXPECT_THAT(manager.messages(), ElementsAre("READY=1\nMAINPID=4711"));
}

TEST_F(SystemdNotifyTest, ReportsAReloadWithTheMonotonicTime) {
    enter_with_manager();
    daemon.reloading();
    EXPECT_THAT(manager.messages(), ElementsAre("RELOADING=1\nMONOTONIC_USEC=3600000000"));
}

TEST_F(SystemdNotifyTest, ReportsTheStop) {
    enter_with_manager();
    daemon.stopping();
    EXPECT_THAT(manager.messages(), ElementsAre("STOPPING=1"));
}

TEST_F(SystemdNotifyTest, ReportsAFailure) {
    enter_with_manager();
    daemon.failed(os_error("listen on", "/run/x", EADDRINUSE).at_stage(ExitCode::cannot_create));
    EXPECT_THAT(manager.messages(),
                ElementsAre("STATUS=cannot listen on '/run/x': Address already in use\nERRNO=98\nEXIT_STATUS=73"));
}

TEST_F(SystemdNotifyTest, AFailureWithoutErrnoHasNone) {
    enter_with_manager();
    daemon.failed({ExitCode::internal, "start", "", "no port"});
    EXPECT_THAT(manager.messages(), ElementsAre("STATUS=cannot start: no port\nEXIT_STATUS=70"));
}

TEST_F(SystemdNotifyTest, AStatusIsAlwaysOneLine) {
    enter_with_manager();
    daemon.status("one\nSTOPPING=1");
    EXPECT_THAT(manager.messages(), ElementsAre("STATUS=one\\nSTOPPING=1"));
}

TEST_F(SystemdNotifyTest, ATooLongStatusIsCutBetweenCharacters) {
    enter_with_manager();
    std::string text(4070, 'x');
    for (int i = 0; i < 100; ++i) text += "\u20AC";
    daemon.status(text);
    ASSERT_EQ(manager.messages().size(), 1U);
    EXPECT_LT(manager.messages().front().size(), 4096U);
    EXPECT_THAT(manager.messages().front(), EndsWith("xx\u20AC\u20AC\u20AC\u20AC\u20AC..."));
}

TEST_F(SystemdNotifyTest, AStatusThatFitsIsNotCut) {
    enter_with_manager();
    const std::string text(4095 - 7, 'x');
    daemon.status(text);
    EXPECT_THAT(manager.messages(), ElementsAre("STATUS=" + text));
}

TEST_F(SystemdNotifyTest, ATooLongReasonKeepsItsNumbers) {
    enter_with_manager();
    daemon.failed(os_error("open", std::string(5000, 'x'), ENOENT));
    EXPECT_LT(manager.messages().front().size(), 4096U);
    EXPECT_THAT(manager.messages().front(), EndsWith("x...\nERRNO=2\nEXIT_STATUS=71"));
}

TEST_F(SystemdNotifyTest, AStatusIsValidTextWithoutControlCharacters) {
    enter_with_manager();
    daemon.status("a\xFFz \x1B[2J \xC2\x9B");
    EXPECT_THAT(manager.messages(), ElementsAre("STATUS=a\\xffz \\x1b[2J \\u009b"));
}

TEST_F(SystemdNotifyTest, AFailureBeforeItEntersIsReported) {
    manager.listen();
    daemon.failed({ExitCode::configuration, "start", "", "no port"});
    EXPECT_THAT(manager.messages(), ElementsAre("STATUS=cannot start: no port\nEXIT_STATUS=78"));
}

TEST_F(SystemdNotifyTest, TheManagerWaitsLongerThanTheServiceItself) {
    SystemdNotify patient{{.grace = 7s}, host};
    manager.listen();
    ASSERT_TRUE(patient.enter());
    patient.extend(20s);
    EXPECT_THAT(manager.messages(), ElementsAre("EXTEND_TIMEOUT_USEC=27000000"));
}

TEST_F(SystemdNotifyTest, PingsAtHalfTheWatchdogInterval) {
    manager.want_sign_of_life_every(30s);
    enter_with_manager();
    EXPECT_EQ(daemon.alive_interval(), 15s);
    daemon.alive();
    EXPECT_THAT(manager.messages(), ElementsAre("WATCHDOG=1"));
}

TEST_F(SystemdNotifyTest, SendsNoPingsWithoutAWatchdog) {
    enter_with_manager();
    EXPECT_EQ(daemon.alive_interval(), std::nullopt);
}

TEST_F(SystemdNotifyTest, ATooShortIntervalBecomesTheLoopsShortest) {
    manager.want_sign_of_life_every(10us);
    enter_with_manager();
    EXPECT_EQ(daemon.alive_interval(), 1ms);
}

TEST_F(SystemdNotifyTest, WithoutAManagerItSendsNothing) {
    manager.want_sign_of_life_every(30s);
    EXPECT_EQ(daemon.enter().value(), Role::service);
    daemon.ready();
    daemon.status("running");
    daemon.alive();
    daemon.stopping();
    EXPECT_EQ(daemon.alive_interval(), std::nullopt);
    EXPECT_THAT(manager.messages(), IsEmpty());
    EXPECT_EQ(errors(), "");
}

TEST_F(SystemdNotifyTest, AnInvalidAddressFailsTheStart) {
    manager.failures().fail_next("take_notify_socket", EAFNOSUPPORT);
    const auto role = daemon.enter();
    ASSERT_FALSE(role);
    EXPECT_EQ(role.error().exit_code, ExitCode::os);
}

TEST_F(SystemdNotifyTest, AnUnreachableManagerIsReportedOnceUntilReached) {
    enter_with_manager();
    manager.failures().fail_always("send", ECONNREFUSED);
    daemon.status("one");
    daemon.status("two");
    EXPECT_EQ(errors(), "trial: cannot notify the service manager at 'the fake': Connection refused\n");

    manager.failures().succeed_again("send");
    daemon.status("three");
    manager.failures().fail_always("send", ECONNREFUSED);
    daemon.status("four");
    EXPECT_THAT(manager.messages(), ElementsAre("STATUS=three"));
    EXPECT_EQ(std::count(errors().begin(), errors().end(), '\n'), 2);
}

TEST_F(SystemdNotifyTest, InTheJournalAnUnreachableManagerIsAWarning) {
    manager.put_journal_on_stderr();
    enter_with_manager();
    manager.failures().fail_next("send", ECONNREFUSED);
    daemon.ready();
    EXPECT_TRUE(errors().starts_with("<4>trial: ")) << errors();
}

}  // namespace
}  // namespace servicekit
