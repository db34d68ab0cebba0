// Reports about a service that ends without a stop: from the process that waits for its start, and from the next start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class EarlyEndTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string errors() { return os.streams.written(os::Stream::error); }
    [[nodiscard]] std::string log() { return os.files.content("/var/log/trial.log"); }
    [[nodiscard]] pid_t self() const { return os.process.id(); }
    /// Crashes the current process, which must be the service's.
    void crash() {
        os.crashes.crash("SIGSEGV", "address not mapped to object");
        os.raise(self(), SIGSEGV);
        os.settle();
    }
    /// Calls exit(3) in the current process, which must be the service's.
    void call_exit(int status) {
        const int of_success = os.crashes.watches_exits() ? os.crashes.plan().status_of_exit_0 : 0;
        os.crashes.exit(status);
        os.process.exit_now(status == 0 ? of_success : status);
    }
    void expect_failed_start(int exit_code, const std::string& words) {
        EXPECT_FALSE(life.start());
        EXPECT_EQ(life.start_result()->status, exit_code);
        EXPECT_EQ(errors(), "trial: cannot start" + words + "\n");
    }
    /// "the service (pid 5003)": it is the third process.
    const std::string who = " 'trial': the service (pid 5003) ";
    const std::string early = " before it was ready";
    const std::string where_log_is = "; the log is '/var/log/trial.log'";

    /// Makes a service that loads in the process that becomes the service.
    auto make_late_service() {
        auto service = mocks::fake_service<Service>(os, options, hooks);
        service->load_in_service();
        return service;
    }

    mocks::FakeOs os;
    ServiceOptions options{.name = "trial", .log_file = "/var/log/trial.log"};
    EventHooks hooks;
    mocks::FakeLife life{os, [this] { return mocks::fake_service<Service>(os, options, hooks); }};
};

TEST_F(EarlyEndTest, ACrashInTheStartIsReportedWithReportAndLog) {
    hooks.on_start = [this] { crash(); };
    expect_failed_start(70, who + "ended" + early +
                                ": crashed by SIGSEGV (address not mapped to object) in the event 'start'; the report "
                                "is in '/var/log/trial.crash'" +
                                where_log_is);
}

TEST_F(EarlyEndTest, ACrashWithoutAReportIsReportedByItsSignal) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::no_crash_reports, true); };
    hooks.on_start = [this] { crash(); };
    expect_failed_start(70, who + "was killed by signal 11 (SIGSEGV)" + early + where_log_is);
}

TEST_F(EarlyEndTest, AKillInTheStartIsReported) {
    hooks.on_start = [this] {
        os.kill(self());
        os.settle();
    };
    expect_failed_start(70, who + "was killed by signal 9 (SIGKILL)" + early + ", without saying why" + where_log_is);
}

TEST_F(EarlyEndTest, AnExitInTheStartIsReportedAndLogged) {
    hooks.on_start = [this] { call_exit(0); };
    expect_failed_start(70, who + "ended" + early +
                                ": exit(0) was called in the event 'start'; the report is in '/var/log/trial.crash'" +
                                where_log_is);
    EXPECT_THAT(log(), HasSubstr(" fatal trial[5003]: exit(0) was called in the event 'start'; the report is in "));
}

TEST_F(EarlyEndTest, AnExitWithoutHandlersIsReportedByItsCode) {
    hooks.on_start = [this] { os.process.exit_now(3); };
    expect_failed_start(70, who + "ended with exit code 3" + early + ", without saying why" + where_log_is);
}

TEST_F(EarlyEndTest, AnExitInTheLoadIsAFailure) {
    hooks.on_load = [this](Settings& settings) {
        if (!settings.is_client()) call_exit(0);
    };
    expect_failed_start(70, ": exit(0) was called in the event 'load'");
    EXPECT_EQ(os.processes_ever().size(), 1U);
}

TEST_F(EarlyEndTest, AFailureExitInTheLoadKeepsItsCode) {
    hooks.on_load = [this](Settings&) { call_exit(2); };
    expect_failed_start(2, ": exit(2) was called in the event 'load'");
}

TEST_F(EarlyEndTest, AnExitInAForegroundLoadKeepsItsCode) {
    options.daemonize = false;
    hooks.on_load = [this](Settings&) { call_exit(0); };
    expect_failed_start(0, ": exit(0) was called in the event 'load'");
}

TEST_F(EarlyEndTest, ACrashInALateLoadIsReported) {
    hooks.on_load = [this](Settings&) { crash(); };
    mocks::FakeLife late{os, [this] { return make_late_service(); }};
    EXPECT_FALSE(late.start());
    EXPECT_EQ(errors(), "trial: cannot start" + who + "ended" + early +
                            ": crashed by SIGSEGV (address not mapped to object) in the event 'load'\n");
}

TEST_F(EarlyEndTest, ALateLoadDecidesWhetherCrashesAreReported) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::no_crash_reports, true); };
    hooks.on_start = [this] {
        EXPECT_FALSE(os.crashes.is_installed());
        EXPECT_TRUE(os.crashes.watches_exits());
    };
    mocks::FakeLife late{os, [this] { return make_late_service(); }};
    EXPECT_TRUE(late.start()) << errors();
    EXPECT_EQ(late.stop(), 0);
}

TEST_F(EarlyEndTest, AnExitOfARunningServiceIsLoggedAndReported) {
    hooks.on_reload = [this] { call_exit(7); };
    ASSERT_TRUE(life.start());
    life.raise(SIGHUP);

    EXPECT_EQ(life.result()->status, 7);
    EXPECT_THAT(log(), HasSubstr(" fatal trial[5003]: exit(7) was called in the event 'reload'; the report is in "));
    EXPECT_THAT(os.files.content("/var/log/trial.crash"), HasSubstr("\nexit: exit(7)\nevent: reload, for "));

    hooks.on_reload = {};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(log(), AllOf(HasSubstr(" warning trial[5006]: the last life called exit(7) in the event 'reload'; the "
                                       "report is in '/var/log/trial.crash.20260102T030405Z.5003'"),
                             Not(HasSubstr("without a stop"))));
}

TEST_F(EarlyEndTest, WithoutReportsAnExitIsOnlyLogged) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::no_crash_reports, true); };
    hooks.on_reload = [this] { call_exit(7); };
    ASSERT_TRUE(life.start());
    life.raise(SIGHUP);

    EXPECT_THAT(log(), HasSubstr(" fatal trial[5003]: exit(7) was called in the event 'reload'\n"));
    EXPECT_FALSE(os.files.exists("/var/log/trial.crash"));

    hooks.on_reload = {};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(log(), HasSubstr(" warning trial[5006]: the last life (pid 5003) ended without a stop\n"));
}

TEST_F(EarlyEndTest, TheNextStartReportsThatTheLastRunWasKilled) {
    ASSERT_TRUE(life.start());
    life.crash();
    ASSERT_TRUE(life.start());
    EXPECT_THAT(log(), HasSubstr(" warning trial[5006]: the last life (pid 5003) ended without a stop\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EarlyEndTest, TheNextStartReportsOnceThatTheLastRunCrashed) {
    hooks.on_reload = [this] { crash(); };
    ASSERT_TRUE(life.start());
    life.raise(SIGHUP);
    ASSERT_FALSE(life.runs());
    ASSERT_TRUE(life.start());
    EXPECT_THAT(log(), AllOf(HasSubstr("the last life crashed: SIGSEGV"), Not(HasSubstr("without a stop"))));
}

TEST_F(EarlyEndTest, TheNextStartReportsNothingAfterAStopOrKillByVerb) {
    for (const int number : {SIGTERM, SIGINT}) {
        ASSERT_TRUE(life.start());
        os.raise(life.pid(), number, {.pid = 50, .uid = 0, .gid = 0});
        EXPECT_EQ(life.wait(), 0);
    }
    hooks.on_start = [] { throw std::runtime_error("no port"); };
    EXPECT_FALSE(life.start());
    hooks.on_start = {};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(log(), Not(HasSubstr("the last life")));
}

}  // namespace
}  // namespace servicekit
