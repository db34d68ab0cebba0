// Services under a service manager. The test plays the manager, or programs of systemd do if they are installed.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "integration/support/message_receiver.hpp"
#include "integration/support/notify_socket.hpp"
#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/turnstile.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/client.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

using Milliseconds = std::chrono::milliseconds;

class SystemdTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        program.add_variable("NOTIFY_SOCKET", manager.address());
    }

    Object call(std::string_view event, const Object& arguments = {}) const {
        auto client = Client::connect(program.control_socket());
        if (!client) throw std::runtime_error{client.error().message()};
        const auto reply = client->call(event, arguments);
        if (!reply) throw std::runtime_error{reply.error().what()};
        return *reply;
    }

    /// Runs the program until it is ready. Its environment makes it believe that its stderr is the journal.
    Outcome run_and_stop_with_journal() {
        Command command = program.command({"run"});
        const Strings shell{"sh", "-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec \"$@\"", "sh"};
        command.arguments.insert(command.arguments.begin(), shell.begin(), shell.end());
        RunningCommand service{command};
        manager.await("READY=1");
        service.signal(SIGTERM);
        return service.finish();
    }

    NotifySocket manager{directory.file("notify")};
    /// programs/systemd_service.cpp
    ServiceProgram program{"systemd-service", directory.path()};
};

TEST_F(SystemdTest, NotifiesTheManagerThroughoutItsLife) {
    RunningCommand service{program.command({"run"})};

    const Notification ready = manager.await("READY=1");
    EXPECT_EQ(ready.value_of("MAINPID"), std::to_string(service.pid()));
    EXPECT_EQ(ready.sender, service.pid());
    EXPECT_TRUE(manager.seen().front().has("STATUS=starting"));
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
    manager.await("STOPPING=1");
    EXPECT_THAT(manager.await("STATUS=").value_of("STATUS"), HasSubstr("stopping: SIGTERM from uid "));
    manager.drain();
    for (const Notification& notification : manager.seen()) EXPECT_EQ(notification.sender, service.pid());
}

TEST_F(SystemdTest, AReloadIsTimestampedBetweenTheSignalAndItsEnd) {
    RunningCommand service{program.command({"run"})};
    manager.await("READY=1");
    const auto microseconds = [] {
        return std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    };

    const auto before = microseconds();
    service.signal(SIGHUP);

    const Notification reloading = manager.await("RELOADING=1");
    const auto at = std::stoll(reloading.value_of("MONOTONIC_USEC"));
    EXPECT_GE(at, before);
    EXPECT_LE(at, microseconds());
    manager.await("READY=1");
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, AReloadByTheVerbIsAnnouncedAndItsFailureShown) {
    program.configure_app({});
    RunningCommand service{program.command({"run"})};
    manager.await("READY=1");
    program.configure_app({{"reload-throws", true}});

    EXPECT_EQ(program.verb({"reload"}).exit_code, 1);

    manager.await("RELOADING=1");
    EXPECT_EQ(manager.await("STATUS=running").value_of("STATUS"),
              "running; the last reload failed: reload throws on purpose");
    manager.await("READY=1");
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, AnAbstractAddressWorks) {
    NotifySocket abstract{"@" + directory.path()};
    program.add_variable("NOTIFY_SOCKET", abstract.address());
    RunningCommand service{program.command({"run"})};

    EXPECT_EQ(abstract.await("READY=1").sender, service.pid());
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, AFailedStartReportsWhy) {
    program.configure_app({{"start-throws", true}});

    EXPECT_EQ(program.verb({"run"}).exit_code, 70);

    const Notification failed = manager.await("EXIT_STATUS=");
    EXPECT_TRUE(failed.has("EXIT_STATUS=70"));
    EXPECT_TRUE(failed.has("STATUS=cannot start: start throws on purpose")) << failed.text;
}

TEST_F(SystemdTest, ASlowStartRequestsMoreTimeWhileItMakesProgress) {
    program.configure_app({{"start-steps", 3}});
    RunningCommand service{program.command({"run"})};

    EXPECT_TRUE(manager.await("EXTEND_TIMEOUT_USEC=").has("EXTEND_TIMEOUT_USEC=30000000"));
    EXPECT_EQ(manager.seen().rbegin()[1].text, "STATUS=starting: warming up (0 of 3)");
    manager.await("EXTEND_TIMEOUT_USEC=");
    manager.await("READY=1");
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, AnIdleServicePingsTheWatchdog) {
    program.add_variable("WATCHDOG_USEC", "400000");
    RunningCommand service{program.command({"run"})};
    manager.await("READY=1");

    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 6; ++i) manager.await("WATCHDOG=1");

    // Two pings are at least half an interval apart. A slow machine only adds to that.
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 5 * 190ms);
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, AHungEventSuspendsTheWatchdogPings) {
    program.add_variable("WATCHDOG_USEC", "100000");
    program.add_options({"--hang-timeout", "0.3"});
    RunningCommand service{program.command({"run"})};
    manager.await("WATCHDOG=1");
    const Turnstile turnstile{directory.file("turnstile")};
    RunningCommand holding{program.command({"call", "hold", "path=" + turnstile.path()})};

    service.await_output("'hold' hangs");
    manager.drain();
    while (const auto late = manager.next(1000ms)) EXPECT_FALSE(late->has("WATCHDOG=1"));
    EXPECT_EQ(*call("status").find("state"), Value{"running"});

    turnstile.let_pass();
    EXPECT_EQ(holding.finish().exit_code, 0);
    manager.await("WATCHDOG=1");
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, ChildrenDoNotInheritTheManagersVariables) {
    program.add_variable("WATCHDOG_USEC", "60000000");
    program.add_variable("LISTEN_PID", "1");
    program.add_variable("LISTEN_FDS", "1");
    program.add_variable("LISTEN_FDNAMES", "other");
    RunningCommand service{program.command({"run"})};
    manager.await("READY=1");

    const std::string environment = call("environment").find("text")->as_string();

    EXPECT_THAT(environment, HasSubstr("PATH="));
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_"}) EXPECT_THAT(environment, Not(HasSubstr(name)));
    EXPECT_TRUE(call("sockets").empty());
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SystemdTest, RunsWithoutAManager) {
    ServiceProgram alone{"systemd-service", directory.path()};
    RunningCommand service{alone.command({"run"})};
    service.await_output("look out");

    EXPECT_EQ(alone.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
    EXPECT_EQ(alone.verb({"start"}).exit_code, 64);
}

TEST_F(SystemdTest, AMissingManagerIsReportedOnceAndTheServiceRuns) {
    program.add_variable("NOTIFY_SOCKET", directory.file("nobody"));
    RunningCommand service{program.command({"run"})};
    service.await_output("look out");
    EXPECT_EQ(program.verb({"stop"}).exit_code, 0);

    const Outcome outcome = service.finish();
    EXPECT_EQ(outcome.exit_code, 0);
    const std::string complaint = "systemd-service: cannot notify the service manager at '" + directory.file("nobody") +
                                  "': No such file or directory\n";
    EXPECT_THAT(outcome.err, HasSubstr(complaint));
    EXPECT_EQ(outcome.err.find("cannot notify"), outcome.err.rfind("cannot notify"));
}

TEST_F(SystemdTest, AnInvalidAddressFailsTheStart) {
    program.add_variable("NOTIFY_SOCKET", "vsock:2:1234");

    const Outcome outcome = program.verb({"run"});

    EXPECT_EQ(outcome.exit_code, 71);
    EXPECT_THAT(outcome.err, EndsWith("systemd-service: cannot notify the service manager at 'vsock:2:1234': "
                                      "Address family not supported by protocol\n"));
}

TEST_F(SystemdTest, LinesForTheJournalHaveTheirLevels) {
    program.add_variable("TRIAL_JOURNAL", directory.file("no-journal"));

    const Outcome outcome = run_and_stop_with_journal();

    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("<4>look out\n"), HasSubstr("<6>ready\n")));
}

TEST_F(SystemdTest, TheJournalGetsEntriesIfThereIsOne) {
    MessageReceiver journal{directory.file("journal"), SOCK_DGRAM};
    program.add_variable("TRIAL_JOURNAL", directory.file("journal"));

    const Outcome outcome = run_and_stop_with_journal();

    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
    std::string entries;
    while (const auto entry = journal.next_within(std::chrono::milliseconds{0})) entries += entry->text;
    EXPECT_THAT(entries, HasSubstr("PRIORITY=4\nSYSLOG_IDENTIFIER=systemd-service\n"));
    EXPECT_THAT(entries, AllOf(HasSubstr("MESSAGE=look out\n"), HasSubstr("MESSAGE=stopped\n")));
}

/// The file of a socket exists before the program listens, and a connection would start the service.
bool is_listened_on(const std::string& path) {
    constexpr std::string_view accepts_connections = " 00010000 ";  // __SO_ACCEPTCON, in the flags of proc_net(5)
    std::ifstream sockets{"/proc/net/unix"};
    for (std::string line; std::getline(sockets, line);)
        if (line.ends_with(" " + path) && line.find(accepts_connections) != std::string::npos) return true;
    return false;
}

/// Services that systemd-socket-activate(1) starts at the first request.
class SocketActivationTest : public SystemdTest {
protected:
    void SetUp() override {
        SystemdTest::SetUp();
        if (run_command({{"sh", "-c", "command -v systemd-socket-activate"}}).exit_code != 0)
            GTEST_SKIP() << "there is no systemd-socket-activate";
        std::filesystem::create_directory(run);
    }

    /// Returns the command with these sockets opened for it.
    static Command activated(Command command, const Strings& sockets, const std::string& names) {
        Strings activate{"systemd-socket-activate", "--fdname=" + names};
        for (const std::string& socket : sockets) activate.push_back("--listen=" + socket);
        for (const char* variable : {"NOTIFY_SOCKET", "PATH", "SERVICEKIT_RECORDS"})
            activate.push_back(std::string{"--setenv="} + variable);
        command.arguments.insert(command.arguments.begin(), activate.begin(), activate.end());
        return command;
    }
};

TEST_F(SocketActivationTest, TheFirstRequestStartsTheServiceAndIsAnswered) {
    const std::string socket = program.control_socket();
    RunningCommand service{activated(program.command({"run"}), {socket}, "control")};
    await_state("it listens", [&] { return is_listened_on(socket); });

    EXPECT_EQ(*call("status").find("pid"), Value{service.pid()});

    EXPECT_EQ(manager.await("READY=1").sender, service.pid());
    EXPECT_EQ(program.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(socket)) << "it is the manager's";
}

TEST_F(SocketActivationTest, AStatusQueryDoesNotStartTheService) {
    const std::string socket = program.control_socket();
    RunningCommand waiting{activated(program.command({"run"}), {socket}, "control")};
    await_state("it listens", [&] { return is_listened_on(socket); });

    EXPECT_EQ(program.verb({"status"}).exit_code, 3);
    EXPECT_EQ(program.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(program.verb({"wait", "--test"}).exit_code, 0);

    EXPECT_EQ(read_file("/proc/" + std::to_string(waiting.pid()) + "/comm"), "systemd-socket-\n") << "not yet it";
}

TEST_F(SocketActivationTest, TheProgramFindsItsSocketsByName) {
    const std::string http = directory.file("http");
    RunningCommand service{activated(program.command({"run"}), {program.control_socket(), http}, "control:http")};
    await_state("it listens", [&] { return is_listened_on(http); });

    const RawClient client{http};
    manager.await("READY=1");
    const Object sockets = call("sockets");
    EXPECT_EQ(to_json(sockets), R"({"http":{"descriptor":4,"closes-on-exec":true}})");
    EXPECT_EQ(*call("greet", {{"socket", "http"}}).find("sent"), Value{true});

    EXPECT_EQ(program.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(SocketActivationTest, ASocketAtAnotherPathIsRefused) {
    const std::string socket = directory.file("elsewhere");
    RunningCommand service{activated(program.command({"run"}), {socket}, "control")};
    await_state("it listens", [&] { return is_listened_on(socket); });
    const RawClient client{socket};

    const Outcome outcome = service.finish();

    EXPECT_EQ(outcome.exit_code, 78);
    EXPECT_THAT(outcome.err, HasSubstr("systemd-service: cannot listen on '" + program.control_socket() +
                                       "': descriptor 3 listens on '" + socket + "' instead\n"));
}

TEST_F(SocketActivationTest, TheSocketIsPassedToTheBackground) {
    const std::string socket = trial.control_socket();
    RunningCommand start{activated(trial.command({"start"}), {socket}, "control")};
    await_state("it listens", [&] { return is_listened_on(socket); });

    auto client = Client::connect(socket);
    ASSERT_TRUE(client);
    const auto status = client->call("status");
    ASSERT_TRUE(status);
    const auto pid = static_cast<pid_t>(status->find("pid")->as_integer());
    Process daemon{pid};

    EXPECT_EQ(start.finish().exit_code, 0);
    EXPECT_NE(pid, start.pid());
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(daemon.exit_code(), 0);
    EXPECT_TRUE(std::filesystem::exists(socket));
}

}  // namespace
}  // namespace servicekit::test
