#include "unit/cli/program_fixture.hpp"

#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using mocks::FakeProcessTable;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class StopTest : public ProgramFixture {};

TEST_F(StopTest, SucceedsIfTheServiceDoesNotRun) {
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_EQ(run({"kill"}), 0);
    EXPECT_THAT(out(), StartsWith("just-another-server: not running; looked at '/run/just-another-server.pid'"));
}

TEST_F(StopTest, RequestsTheStopOverTheSocketAndWaits) {
    start_instance();
    replies["stop"] = R"({"result":"stop-initiated"})";
    on_request = [this](const std::string&) { end_instance_after(3s); };
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_EQ(out(), "just-another-server: stopped (pid 7000)\n");
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(StopTest, ReportsWhyAStopWasNotClean) {
    start_instance();
    replies["stop"] =
        "{\"progress\":{\"state\":\"running\"}}\n"
        R"({"error":{"code":"event-error","message":"cannot stop: disk full"}})";
    on_request = [this](const std::string&) { end_instance_after(3s); };
    EXPECT_EQ(run({"stop"}), 70);
    EXPECT_EQ(error(), "just-another-server: stopped (pid 7000), but not cleanly: cannot stop: disk full\n");
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(StopTest, AServiceThatEndsWithoutAReplyWasNotStoppedCleanly) {
    start_instance();
    replies["stop"] = R"({"progress":{"state":"running"}})";
    on_request = [this](const std::string&) { end_instance_after(3s); };
    EXPECT_EQ(run({"stop"}), 70);
    EXPECT_THAT(error(), HasSubstr("not cleanly: it ended without a reply; its log may show why"));
}

TEST_F(StopTest, ASocketThatAcceptsNothingMeansACleanStop) {
    start_instance();
    host.processes.on_signal([this](const FakeProcessTable::Sent&) { end_instance_after(1s); });
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_EQ(out(), "just-another-server: stopped (pid 7000)\n");
}

TEST_F(StopTest, SendsTermIfTheSocketDoesNotHelp) {
    start_instance();
    host.processes.on_signal([this](const FakeProcessTable::Sent&) { end_instance_after(1s); });
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_THAT(host.processes.sent(), ElementsAre(FakeProcessTable::Sent{running_pid, SIGTERM}));
}

TEST_F(StopTest, SendsTermWithoutASocket) {
    start_instance();
    host.sockets.failures().fail_always("connect", ECONNREFUSED);
    host.processes.on_signal([this](const FakeProcessTable::Sent&) { end_instance(); });
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_THAT(host.processes.sent(), ElementsAre(FakeProcessTable::Sent{running_pid, SIGTERM}));
}

TEST_F(StopTest, DoesNotWaitIfToldNotTo) {
    start_instance();
    replies["stop"] = "{}";
    EXPECT_EQ(run({"stop", "--no-wait"}), 0);
    EXPECT_TRUE(owner);
}

TEST_F(StopTest, WaitsNoLongerThanItsTimeout) {
    start_instance();
    replies["stop"] = "{}";
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(run({"stop", "--timeout", "3"}), 75);
    EXPECT_EQ(host.clock.steady_now() - begin, 3s);
    EXPECT_THAT(error(), HasSubstr("just-another-server: still running (pid 7000)"));
}

TEST_F(StopTest, WaitsByDefaultALittleLongerThanTheStopTimeout) {
    start_instance();
    replies["stop"] = "{}";
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(run({"stop", "--stop-timeout", "5"}), 75);
    EXPECT_EQ(host.clock.steady_now() - begin, 7s);
}

TEST_F(StopTest, KeepsWaitingWhileTheServiceStops) {
    start_instance();
    replies["stop"] = "{}";
    replies["status"] = R"({"state":"stopping","busy":{"event":"stop","seconds":9}})";
    on_request = [this](const std::string& event) {
        if (event == "stop") end_instance_after(40s);
    };
    EXPECT_EQ(run({"stop", "--stop-timeout", "5"}), 0);
}

TEST_F(StopTest, WaitsNoLongerThanAStopMayTake) {
    start_instance();
    replies["stop"] = "{}";
    replies["status"] = R"({"state":"stopping","busy":{"event":"stop","seconds":9}})";
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(run({"stop", "--stop-timeout", "5", "--extended-timeout", "20"}), 75);
    EXPECT_EQ(host.clock.steady_now() - begin, 22s);
}

TEST_F(StopTest, ReportsThatAnotherInstanceTookOver) {
    start_instance();
    replies["stop"] = "{}";
    on_request = [this](const std::string&) { owner->pid = 7001; };
    EXPECT_EQ(run({"stop"}), 75);
    EXPECT_THAT(error(), HasSubstr("another instance has taken its place"));
}

TEST_F(StopTest, EndsAtAnInterrupt) {
    start_instance();
    replies["stop"] = "{}";
    interrupts = true;
    EXPECT_EQ(run({"stop"}), 75);
    EXPECT_THAT(error(), HasSubstr("interrupted while waiting"));
}

TEST_F(StopTest, SignalsNoProcessOfAnotherUser) {
    start_instance();
    host.processes.add(running_pid, 1000);
    EXPECT_EQ(run({"stop"}), 77);
    EXPECT_EQ(run({"kill"}), 77);
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(StopTest, ARefusalByTheServiceEndsIt) {
    start_instance();
    host.process.set_effective_user(1000);
    for (const std::string event : {"stop", "kill"}) {
        replies[event] = R"({"error":{"code":"not-allowed","message":"uid 1000 may not","event":")" + event +
                         R"(","needs":"admin"}})";
        EXPECT_EQ(run({event}), 77);
        EXPECT_THAT(error(), HasSubstr("just-another-server: cannot " + event + " 'pid 7000': uid 1000 may not\n"));
    }
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(StopTest, RootSignalsIfTheServiceDoesNotRecogniseIt) {
    start_instance();
    replies["stop"] = R"({"error":{"code":"not-allowed","message":"uid 65534 may not"}})";
    host.processes.on_signal([this](const FakeProcessTable::Sent&) { end_instance(); });
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_THAT(host.processes.sent(), ElementsAre(FakeProcessTable::Sent{running_pid, SIGTERM}));
}

TEST_F(StopTest, AnOwnerWithoutAPidCountsAsRunning) {
    owner = Owner{.pid = 0, .where = "an unknown process"};
    EXPECT_EQ(run({"stop"}), 75);
    EXPECT_THAT(error(), HasSubstr("its pid is unknown"));
    EXPECT_EQ(run({"pid"}), 4);
    EXPECT_EQ(run({"status"}), 0);
    EXPECT_EQ(run({"wait", "--test"}), 1);
}

TEST_F(StopTest, KillsOverTheSocketFirst) {
    start_instance();
    on_request = [this](const std::string&) { end_instance_after(500ms); };
    EXPECT_EQ(run({"kill"}), 0);
    EXPECT_EQ(out(), "just-another-server: killed (pid 7000)\n");
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(StopTest, KillsWithIntThenWithSigkill) {
    start_instance();
    host.processes.on_signal([this](const FakeProcessTable::Sent& sent) {
        if (sent.signal_number == SIGKILL) end_instance();
    });
    EXPECT_EQ(run({"kill"}), 0);
    EXPECT_THAT(host.processes.sent(),
                ElementsAre(FakeProcessTable::Sent{running_pid, SIGINT}, FakeProcessTable::Sent{running_pid, SIGKILL}));
}

TEST_F(StopTest, ReportsAServiceThatCannotBeKilled) {
    start_instance();
    host.processes.on_signal([this](const FakeProcessTable::Sent&) { host.processes.add(running_pid); });
    EXPECT_EQ(run({"kill"}), 75);
    EXPECT_THAT(error(), HasSubstr("still running (pid 7000)"));
}

TEST_F(StopTest, ARestartStartsNothingIfItCannotStop) {
    start_instance();
    replies["stop"] = "{}";
    EXPECT_EQ(run({"restart"}), 75);
    EXPECT_EQ(daemon.entered, 0);
}

TEST_F(StopTest, ARestartBecomesAStart) {
    host.process.set_command_line({"./server", "--name", "restart", "restart", "--stop-timeout", "3"});
    EXPECT_THROW(run({"--name", "restart", "restart", "--stop-timeout", "3"}), os::ProcessExited);
    EXPECT_THAT(host.process.executed(), ElementsAre("./server", "--name", "restart", "start", "--stop-timeout", "3"));
    EXPECT_EQ(daemon.entered, 0);
}

TEST_F(StopTest, ARestartKeepsACommandLineMadeByMain) {
    host.process.set_command_line({"./server", "again"});
    run({"restart"});
    EXPECT_TRUE(host.process.executed().empty());
    EXPECT_EQ(daemon.entered, 1);
}

TEST_F(StopTest, ARestartThatCannotExecStartsInItsOwnProcess) {
    host.process.set_command_line({"./server", "restart"});
    host.process.failures.fail_next("execute", ENOENT);
    run({"restart"});
    EXPECT_EQ(daemon.entered, 1);
}

TEST_F(StopTest, ARestartStopsNothingIfItCannotStart) {
    start_instance();
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run({"restart"}), 78);
    EXPECT_THAT(instance->requests, IsEmpty());
}

TEST_F(StopTest, ARestartStoppedWhileLoadingStopsNothing) {
    start_instance();
    hooks.on_load = [this](Settings&) { host.signals.raise(SIGTERM, {.pid = 99, .uid = 0, .gid = 0}); };
    EXPECT_EQ(run({"restart"}), 75);
    EXPECT_THAT(error(), HasSubstr("cannot start: stopped by SIGTERM from uid 0, pid 99\n"));
    EXPECT_THAT(instance->requests, IsEmpty());
    EXPECT_THAT(host.signals.default_actions(), IsEmpty());
    EXPECT_FALSE(host.signals.is_noting());
}

TEST_F(StopTest, AVerbThatStartsNothingLoadsWithDefaultActions) {
    hooks.on_load = [this](Settings&) { host.signals.raise(SIGHUP, {.pid = 99, .uid = 0, .gid = 0}); };
    for (const char* verb : {"stop", "status", "check", "where"}) static_cast<void>(run({verb}));
    EXPECT_THAT(host.signals.default_actions(), ElementsAre(SIGHUP, SIGHUP, SIGHUP, SIGHUP));
}

class WaitTest : public ProgramFixture {};

TEST_F(WaitTest, OnlyTestsIfRequested) {
    EXPECT_EQ(run({"wait", "--test"}), 0);
    start_instance();
    EXPECT_EQ(run({"wait", "--test"}), 1);
    EXPECT_THAT(out(), HasSubstr("just-another-server: running (pid 7000)\n"));
}

TEST_F(WaitTest, WaitsUntilNoInstanceHoldsTheLock) {
    start_instance();
    host.when_idle([this] {
        owner->pid = 7001;
        host.processes.add(7001);
    });
    host.when_idle([this] {
        host.processes.end(7001);
        end_instance();
    });
    EXPECT_EQ(run({"wait"}), 0);
    EXPECT_FALSE(owner);
    EXPECT_EQ(lock.acquired, 0);
}

TEST_F(WaitTest, EndsAtAnInterrupt) {
    start_instance();
    interrupts = true;
    EXPECT_EQ(run({"wait"}), 75);
}

}  // namespace
}  // namespace servicekit::cli
