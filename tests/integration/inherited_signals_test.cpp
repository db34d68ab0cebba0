// exec(2) passes on a caller's signal mask and dispositions, which must not make a service deaf to signals.
#include <csignal>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include "integration/support/service_test.hpp"
#include "sanitized.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

/// Returns a set of signals of the process from /proc/PID/status: "SigBlk", "SigIgn".
std::uint64_t signals_of(pid_t pid, std::string_view field) {
    std::istringstream status{read_file("/proc/" + std::to_string(pid) + "/status")};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::stoull(line.substr(line.find(':') + 1), nullptr, 16);
    throw std::runtime_error{"no " + std::string{field} + " of " + std::to_string(pid)};
}

bool has(std::uint64_t signals, int number) { return (signals >> (number - 1) & 1U) != 0; }

class InheritedSignalsTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        // GNU env has these options since coreutils 8.31.
        const auto probe = run_command({.arguments = {"env", "--block-signal=TERM", "--ignore-signal=PIPE", "true"}});
        if (probe.exit_code != 0) GTEST_SKIP() << "there is no env that blocks signals";
    }

    /// Returns the verb as a caller with blocked and ignored signals runs it.
    [[nodiscard]] Command from_deaf_caller(const Strings& arguments) const {
        Command command = trial.command(arguments);
        const Strings caller{"env", "--block-signal=TERM,INT,HUP,ABRT,USR1,USR2,CHLD",
                             "--ignore-signal=PIPE,CHLD,QUIT,TTOU"};
        command.arguments.insert(command.arguments.begin(), caller.begin(), caller.end());
        return command;
    }

    /// Starts the service in the background. It ends with the test in any case.
    [[nodiscard]] Process start() const {
        const Outcome started = run_command(from_deaf_caller({"start"}));
        if (started.exit_code != 0) throw std::runtime_error{started.err};
        return Process{trial.pid_in_file()};
    }
};

TEST_F(InheritedSignalsTest, AServiceInTheBackgroundHandlesTerm) {
    Process service = start();

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
}

TEST_F(InheritedSignalsTest, AServiceInTheBackgroundHandlesHupUsr1AndInt) {
    Process service = start();

    service.signal(SIGHUP);
    await_text_in(trial.log_file(), "SIGHUP");
    service.signal(SIGUSR1);
    await_text_in(trial.log_file(), "SIGUSR1");
    service.signal(SIGINT);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_kill ran"));
}

TEST_F(InheritedSignalsTest, AServiceInTheForegroundHandlesTerm) {
    RunningCommand service{from_deaf_caller({"run"})};
    await_text_in(trial.log_file(), " ready\n");

    service.signal(SIGTERM);

    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(InheritedSignalsTest, AServiceInTheForegroundCanWaitForItsChildren) {
    // If SIGCHLD were ignored, the program could not wait for its child and would abort.
    trial.configure_app({{"load-runs", "true"}});
    RunningCommand service{from_deaf_caller({"run"})};
    await_text_in(trial.log_file(), " ready\n");

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(InheritedSignalsTest, ACrashIsReportedThoughItsSignalWasBlocked) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer reports it";
    const ServiceProgram crashing{"crash-trial", directory.path()};
    Command command = crashing.command({"run"});
    const Strings caller{"env", "--block-signal=SEGV,BUS,FPE,ILL,SYS,TRAP,ABRT"};
    command.arguments.insert(command.arguments.begin(), caller.begin(), caller.end());
    RunningCommand service{command};
    await_text_in(crashing.log_file(), " ready\n");

    EXPECT_NE(crashing.verb({"call", "crash", "how=write"}).exit_code, 0);

    EXPECT_EQ(service.finish().exit_code, 128 + SIGSEGV);
    EXPECT_THAT(read_file(directory.file("crash-trial.crash")), HasSubstr("write_to_nowhere"));
}

TEST_F(InheritedSignalsTest, InTheBackgroundTheCallersSignalStateIsReset) {
    Process service = start();

    // The service blocks SIGPIPE for an instant when it writes.
    await_state("no signal is blocked", [&] { return signals_of(service.pid(), "SigBlk") == 0; });
    const std::uint64_t ignored = signals_of(service.pid(), "SigIgn");
    for (const int number : {SIGPIPE, SIGCHLD, SIGQUIT, SIGTTOU}) EXPECT_FALSE(has(ignored, number)) << number;

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(InheritedSignalsTest, ChildrenInTheBackgroundStartWithACleanMask) {
    Process service = start();
    const Outcome reply = trial.verb({"call", "popen-child"});
    ASSERT_EQ(reply.exit_code, 0) << reply;
    Process child{std::stoi(reply.out.substr(reply.out.find_first_of("0123456789")))};

    EXPECT_EQ(signals_of(child.pid(), "SigBlk"), 0U);
    EXPECT_FALSE(has(signals_of(child.pid(), "SigIgn"), SIGPIPE));
    EXPECT_FALSE(has(signals_of(child.pid(), "SigIgn"), SIGCHLD));

    child.end();
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

}  // namespace
}  // namespace servicekit::test
