// A service as pid 1 of its own pid namespace, as in a container.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "os/descriptor.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/client.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* name = "container-trial";  // the maximum length of a process name

/// The program's `run` as the first process of a pid namespace. The destructor ends the whole namespace.
class Container {
public:
    Container(const ServiceProgram& service, const Strings& options = {}, const Variables& variables = {})
        : service_{service}, command_{command(service, options, variables)} {}

    /// Waits until the service is ready. \returns this
    Container& await_ready() {
        command_.await_output("\"message\":\"ready\"");
        return *this;
    }

    /// Returns the service as seen from outside.
    [[nodiscard]] Process first_process() const {
        for (const ProcessFacts& facts : descendants())
            if (facts.name == name && facts.parent == command_.pid()) return Process{facts.pid};
        throw std::runtime_error{"there is no service in the container"};
    }

    Object call(std::string_view event, const Object& arguments = {}) const {
        auto client = Client::connect(service_.control_socket());
        if (!client) throw std::runtime_error{client.error().message()};
        auto reply = client->call(event, arguments, {.timeout = patience});
        if (!reply) throw std::runtime_error{reply.error().what()};
        return std::move(*reply);
    }
    [[nodiscard]] int integer(std::string_view event, const Object& arguments, std::string_view key) const {
        const Object reply = call(event, arguments);
        const Value* value = reply.find(key);
        if (value == nullptr) throw std::runtime_error{std::string{event} + " replied " + to_json(reply)};
        return value->as<int>();
    }
    [[nodiscard]] int exit_code_of(std::string_view event, double seconds) const {
        return integer(event, {{"seconds", seconds}}, "exit-code");
    }

    Outcome finish() { return command_.finish(); }

    static Command command(const ServiceProgram& service, const Strings& options, const Variables& variables) {
        Strings arguments{"run"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Command command = service.command(arguments);
        const Strings namespaces{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
        command.arguments.insert(command.arguments.begin(), namespaces.begin(), namespaces.end());
        command.variables.insert(command.variables.end(), variables.begin(), variables.end());
        return command;
    }

private:
    ServiceProgram service_;
    RunningCommand command_;
};

class ContainerTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (run_command({.arguments = {"unshare", "--pid", "--fork", "--mount-proc", "true"}}).exit_code != 0)
            GTEST_SKIP() << "no pid namespace may be made here";
    }

    const Variables short_grace{{"CONTAINER_TRIAL_GRACE", "100"}};
    ServiceProgram service{name, directory.path()};
};

TEST_F(ContainerTest, StatusLooksAtTheSocketBecauseThereIsNoLock) {
    const Outcome status = service.verb({"status"});
    EXPECT_EQ(status.exit_code, 3);
    EXPECT_THAT(status.out, AllOf(HasSubstr("not running; looked at '" + service.control_socket() + "'"),
                                  Not(HasSubstr(service.pid_file()))));
}

TEST_F(ContainerTest, TheServiceIsPid1) {
    Container container{service};
    EXPECT_EQ(container.await_ready().integer("status", {}, "pid"), 1);
}

TEST_F(ContainerTest, OrphansAreReaped) {
    Container container{service, {}, short_grace};
    container.await_ready();

    EXPECT_EQ(container.integer("orphans", {{"count", 50}}, "exit-code"), 0);

    await_state("all are gone", [&] { return container.integer("others", {}, "others") == 0; });
}

TEST_F(ContainerTest, LaterOrphansAreReapedToo) {
    Container container{service, {}, short_grace};
    container.await_ready();
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(container.integer("orphans", {{"count", 3}}, "exit-code"), 0);
        await_state("all are gone", [&] { return container.integer("others", {}, "others") == 0; });
    }
}

TEST_F(ContainerTest, TheProgramGetsTheExitStatusOfItsChildren) {
    Container container{service};
    container.await_ready();
    EXPECT_EQ(container.exit_code_of("popen", 0), 3);
    EXPECT_EQ(container.integer("system", {}, "exit-code"), 4);
    EXPECT_EQ(container.exit_code_of("fork", 0), 5);
    EXPECT_EQ(container.exit_code_of("fork-in-thread", 0), 6);
    EXPECT_EQ(container.exit_code_of("fork-in-short-thread", 0), 7);
}

// Each waits longer than the service keeps the status of an orphan, and than the reaping interval.
TEST_F(ContainerTest, TheProgramGetsTheExitStatusWhenItWaitsLate) {
    Container container{service, {}, short_grace};
    container.await_ready();
    EXPECT_EQ(container.exit_code_of("popen", 2.5), 3);
    EXPECT_EQ(container.exit_code_of("fork", 2.5), 5);
    EXPECT_EQ(container.exit_code_of("fork-in-thread", 2.5), 6);
}

TEST_F(ContainerTest, AChildOfAnEndedThreadIsKeptForAWhile) {
    Container container{service};
    EXPECT_EQ(container.await_ready().exit_code_of("fork-in-short-thread", 2.5), 7);
}

TEST_F(ContainerTest, TermStopsIt) {
    Container container{service};
    container.await_ready().first_process().signal(SIGTERM);

    const Outcome outcome = container.finish();

    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, HasSubstr("\"message\":\"stopped\""));
}

TEST_F(ContainerTest, TermStopsItInTimeWhateverItDoes) {
    Container container{service, {"--stop-timeout", "0.5"}};
    container.await_ready();
    RunningCommand busy{service.command({"call", "sleep", "seconds=60"})};
    await_state("it is busy", [&] { return container.call("status").contains("busy"); });

    container.first_process().signal(SIGTERM);

    EXPECT_EQ(container.finish().exit_code, 70);
    EXPECT_NE(busy.finish().exit_code, 0);
}

TEST_F(ContainerTest, ItsExitCodeIsPassedOn) {
    service.configure_app({{"start-throws", true}});
    Container container{service};

    const Outcome outcome = container.finish();

    EXPECT_EQ(outcome.exit_code, 70);
    EXPECT_THAT(outcome.err, EndsWith("container-trial: cannot start: start throws on purpose\n"));
    EXPECT_THAT(outcome.out,
                HasSubstr(R"("level":"error","service":"container-trial","pid":1,"message":"cannot start)"));
}

TEST_F(ContainerTest, LogsJsonLinesOnStdout) {
    Container container{service};
    container.await_ready().first_process().signal(SIGTERM);

    Strings messages;
    for (const Object& fields : objects_in(container.finish().out)) {
        EXPECT_EQ(fields.find("service")->as_string(), name);
        EXPECT_EQ(fields.find("pid")->as_integer(), 1);
        EXPECT_THAT(fields.find("time")->as_string(), EndsWith("Z"));
        messages.push_back(fields.find("message")->as_string());
    }
    EXPECT_THAT(messages, testing::Contains("ready"));
    EXPECT_EQ(messages.back(), "stopped");
}

// The kernel does not kill the first process of a namespace by a signal, so here the service is not the first.
TEST_F(ContainerTest, ACrashIsLoggedOnStdout) {
    RunningCommand running{service.command({"run"})};
    running.await_output("\"message\":\"ready\"");
    running.signal(SIGSEGV);

    const Object last = objects_in(running.finish().out).back();

    EXPECT_EQ(last.find("level")->as_string(), "fatal");
    EXPECT_THAT(last.find("message")->as_string(), HasSubstr("crashed by SIGSEGV"));
}

TEST_F(ContainerTest, EveryThreadHasDroppedItsPrivileges) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    std::filesystem::permissions(directory.path(), std::filesystem::perms{0755});
    Container container{service, {"--user", "nobody"}, short_grace};
    const pid_t pid = container.await_ready().first_process().pid();

    std::size_t threads = 0;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task"}) {
        ++threads;
        const std::string status = read_file(thread.path() / "status");
        EXPECT_THAT(status, AllOf(HasSubstr("\nUid:\t65534\t65534\t65534\t65534\n"), Not(HasSubstr("\nUid:\t0"))));
    }
    EXPECT_EQ(container.integer("orphans", {{"count", 3}}, "exit-code"), 0);
    await_state("all are gone", [&] { return container.integer("others", {}, "others") == 0; });
    EXPECT_EQ(threads, 4U);  // the first, the control thread, the handler thread, and the program's own
}

TEST_F(ContainerTest, HealthDistinguishesStartingFromReady) {
    service.configure_app({{"start-takes", 2}});
    Container container{service};
    await_state("it is live", [&] { return service.verb({"health", "--live"}).exit_code == 0; });

    const Outcome starting = service.verb({"health"});

    EXPECT_EQ(starting.exit_code, 1);
    EXPECT_EQ(starting.err, "container-trial: not ready: starting\n");
    container.await_ready();
    EXPECT_EQ(service.verb({"health"}).out, "container-trial: ready\n");
    EXPECT_EQ(service.verb({"health", "--live"}).out, "container-trial: live (running)\n");
}

TEST_F(ContainerTest, HealthOfAHungServiceReturnsInTime) {
    Container container{service};
    const Process first = container.await_ready().first_process();
    first.signal(SIGSTOP);
    const auto begin = std::chrono::steady_clock::now();

    const Outcome health = service.verb({"health", "--live", "--timeout", "1"});

    EXPECT_EQ(health.exit_code, 1) << health;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    first.signal(SIGCONT);
}

/// A service whose stdout is a pipe that nobody reads at first.
class BlockedLogTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
        reader.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
        ASSERT_GE(::fcntl(reader.get(), F_SETPIPE_SZ, 16384), 16384);
    }

    /// Returns the command that a shell would run.
    [[nodiscard]] Command command() const {
        Command command = service.command({"run"});
        command.arguments.insert(command.arguments.begin(), {"sh", "-c", R"(exec "$@" >"$0")", path});
        return command;
    }
    void await_ready() const {
        await_state("it is ready", [&] { return service.verb({"health"}).exit_code == 0; });
    }
    void log_more(int lines) const {
        auto client = Client::connect(service.control_socket());
        ASSERT_TRUE(client);
        for (int i = 0; i < lines; ++i) ASSERT_TRUE(client->call("sleep"));
    }
    [[nodiscard]] std::string read_all() const {
        std::string text(65536, '\0');
        const ssize_t size = ::read(reader.get(), text.data(), text.size());
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return text;
    }

    ServiceProgram service{name, directory.path()};
    std::string path = directory.file("stdout");
    os::Descriptor reader;
};

TEST_F(BlockedLogTest, ABlockedReaderStopsNothingAndLosesAreReported) {
    RunningCommand running{command()};
    await_ready();
    log_more(300);

    EXPECT_EQ(service.verb({"health"}).exit_code, 0);
    EXPECT_THAT(read_all(), HasSubstr("ready"));
    log_more(1);
    EXPECT_THAT(read_all(), HasSubstr("lines lost: its reader does not keep up"));

    EXPECT_EQ(service.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(running.finish().exit_code, 0);
}

TEST_F(BlockedLogTest, AClosedReaderStopsNothing) {
    RunningCommand running{command()};
    await_ready();
    reader.reset();

    log_more(10);

    EXPECT_EQ(service.verb({"health"}).exit_code, 0);
    EXPECT_EQ(service.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(running.finish().exit_code, 0);
}

class ReadyDescriptorTest : public ServiceTest {
protected:
    Outcome in_shell(const std::string& line) const {
        return shell("trial-service " + line + " --run-directory \"$RUN\" --log-file log");
    }
};

TEST_F(ReadyDescriptorTest, GetsANewlineFromAServiceInTheBackground) {
    EXPECT_EQ(in_shell("start --ready-fd 3 3>ready").exit_code, 0);
    await_text_in(directory.file("ready"), "\n");
    EXPECT_EQ(read_file(directory.file("ready")), "\n");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(ReadyDescriptorTest, GetsANewlineFromAServiceInTheForeground) {
    Command command = trial.command({"run", "--ready-fd", "3"});
    command.arguments.insert(command.arguments.begin(), {"sh", "-c", R"(exec "$@" 3>ready)", "sh"});
    RunningCommand running{command};
    await_text_in(directory.file("ready"), "\n");
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(running.finish().exit_code, 0);
}

TEST_F(ReadyDescriptorTest, CanBeSetInTheEnvironment) {
    EXPECT_EQ(
        shell("trial-service start --run-directory \"$RUN\" --log-file log 5>ready", {{"TRIAL_SERVICE_READY_FD", "5"}})
            .exit_code,
        0);
    await_text_in(directory.file("ready"), "\n");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(ReadyDescriptorTest, AClosedOneFailsTheStart) {
    const Outcome start = in_shell("start --ready-fd 9 9>&-");
    EXPECT_EQ(start.exit_code, 78);
    EXPECT_EQ(start.err, "trial-service: cannot report readiness on 'descriptor 9': Bad file descriptor\n");
    const Outcome reading = in_shell("start --ready-fd 9 9</dev/null");
    EXPECT_EQ(reading.exit_code, 78);
    EXPECT_EQ(reading.err, "trial-service: cannot report readiness on 'descriptor 9': it is not open for writing\n");
    EXPECT_EQ(in_shell("start --ready-fd 1").exit_code, 64);
}

}  // namespace
}  // namespace servicekit::test
