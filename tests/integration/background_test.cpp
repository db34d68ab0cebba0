// The state of a service in the background and in the foreground.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Returns what each descriptor of a process refers to, by number.
std::map<int, std::string> descriptors_of(pid_t pid) {
    std::map<int, std::string> all;
    for (const auto& entry : fs::directory_iterator{proc(pid, "fd")}) {
        std::error_code closed_meanwhile;
        const fs::path what = fs::read_symlink(entry.path(), closed_meanwhile);
        if (!closed_meanwhile) all[std::stoi(entry.path().filename().string())] = what.string();
    }
    return all;
}

class BackgroundTest : public ServiceTest {
protected:
    /// The options of `trial`, for shell command lines.
    const std::string options = "--run-directory $RUN --log-file log";

    void expect_background(pid_t pid) {
        EXPECT_EQ(fs::read_symlink(proc(pid, "cwd")), "/");
        EXPECT_THAT(read_file(proc(pid, "status")), ContainsRegex("\nUmask:\t0022\n"));
        const auto descriptors = descriptors_of(pid);
        EXPECT_EQ(descriptors.at(0), "/dev/null");
        EXPECT_THAT(descriptors.at(1), StartsWith("pipe:["));
        EXPECT_THAT(descriptors.at(2), StartsWith("pipe:["));
        for (const auto& [number, what] : descriptors) {
            if (number <= 2) continue;
            EXPECT_THAT(what, AnyOf(trial.log_file(), trial.pid_file(), trial.control_socket(), run, directory.path(),
                                    StartsWith("socket:["), StartsWith("pipe:["), StartsWith("anon_inode:[event"),
                                    "anon_inode:[timerfd]", "anon_inode:[pidfd]",
                                    // a crash report that has no name yet
                                    StartsWith(directory.path() + "/#"),
                                    // for the duration of the stop
                                    AllOf(StartsWith(directory.path() + "/records/"), EndsWith(".stop"))))
                << number;
        }
    }
};

TEST_F(BackgroundTest, InheritsNoDescriptorOfTheCaller) {
    fs::create_directory(directory.file("elsewhere"));

    const Outcome started = shell(
        "cd elsewhere; umask 077; exec 5<../elsewhere 7</etc/passwd 8>../junk; trial-service start "
        "--run-directory $RUN --log-file ../log");

    ASSERT_EQ(started.exit_code, 0) << started;
    expect_background(trial.pid_in_file());
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(BackgroundTest, HasItsOwnSessionAndIsNotTheLeader) {
    const RunningService service{trial};

    const auto facts = facts_of(service.pid());

    ASSERT_TRUE(facts);
    EXPECT_NE(facts->session, facts->pid);
    EXPECT_NE(facts->session, facts_of(::getpid())->session);
}

/// Returns the names of the threads, sorted.
std::vector<std::string> threads_of(const RunningService& service) {
    std::vector<std::string> names;
    for (const auto& thread : fs::directory_iterator{proc(service.pid(), "task")})
        names.push_back(read_file(thread.path().string() + "/comm"));
    std::sort(names.begin(), names.end());
    return names;
}

TEST_F(BackgroundTest, AnIdleServiceHasTwoThreads) {
    const RunningService service{trial};
    const std::vector<std::string> two{"control\n", "trial-service\n"};

    await_state("it has two threads", [&] { return threads_of(service) == two; });

    // Lines that wait have a thread for a moment.
    for (int line = 0; line < 40; ++line) service.call("echo", {{"string", "a line"}});
    await_state("it has two threads again", [&] { return threads_of(service) == two; });
}

TEST_F(BackgroundTest, StartsWithClosedStreams) {
    const Outcome started = shell("trial-service start " + options + " <&- >&- 2>&-");

    ASSERT_EQ(started.exit_code, 0) << started;
    expect_background(trial.pid_in_file());
    EXPECT_EQ(trial.verb({"call", "print", "text=hello"}).exit_code, 0);
    await_text_in(trial.log_file(), "stdout: hello stream=stdout\n");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
}

TEST_F(BackgroundTest, StdoutAndStderrGoIntoTheLog) {
    const RunningService service{trial};

    service.call("print", {{"text", "hello"}});

    service.await_log(" info trial-service[" + std::to_string(service.pid()) + "]: stdout: hello stream=stdout\n");
    service.await_log("stderr: hello stream=stderr\n");
}

TEST_F(BackgroundTest, StdoutAndStderrFollowAReopenedLog) {
    const RunningService service{trial};
    fs::rename(trial.log_file(), directory.file("log.1"));

    service.call("log-reopen");
    service.call("print", {{"text", "hello"}});

    service.await_log(" info trial-service[" + std::to_string(service.pid()) + "]: stdout: hello stream=stdout\n");
    service.await_log("stderr: hello stream=stderr\n");
    EXPECT_THAT(read_file(directory.file("log.1")), Not(HasSubstr("hello")));
}

TEST_F(BackgroundTest, WithoutALogStdoutAndStderrAreDiscarded) {
    const Outcome started = shell("trial-service start --run-directory $RUN");

    ASSERT_EQ(started.exit_code, 0) << started;
    const auto descriptors = descriptors_of(trial.pid_in_file());
    EXPECT_EQ(descriptors.at(1), "/dev/null");
    EXPECT_EQ(descriptors.at(2), "/dev/null");
    EXPECT_EQ(trial.verb({"call", "print", "text=hello"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

// Otherwise `start | tee` or $(start) would hang as long as the service runs.
TEST_F(BackgroundTest, HoldsNoPipeOfItsCaller) {
    const Outcome started = shell("captured=$(trial-service start " + options + " 2>&1); echo \"captured: $captured\"");

    EXPECT_EQ(started.out, "captured: \n");
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 1);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(BackgroundTest, WorkingDirectoryAndUmaskCanBeSet) {
    const RunningService service{trial, {"--working-directory", directory.path(), "--umask", "027"}};

    EXPECT_EQ(fs::read_symlink(proc(service.pid(), "cwd")), directory.path());
    EXPECT_THAT(read_file(proc(service.pid(), "status")), ContainsRegex("\nUmask:\t0027\n"));
}

TEST_F(BackgroundTest, ASocketPathMayExceedTheSystemsLimit) {
    const std::string socket = directory.file(std::string(60, 'a') + "/" + std::string(50, 'b') + "/trial.control");
    fs::create_directories(fs::path{socket}.parent_path());
    trial.add_options({"--control-socket", socket});
    ASSERT_EQ(trial.verb({"start"}).exit_code, 0);

    const Outcome status = trial.verb({"status", "--json"});

    EXPECT_EQ(status.exit_code, 0) << status;
    EXPECT_THAT(status.out, HasSubstr("\"control-socket\":\"" + socket + "\""));
    EXPECT_THAT(status.err, IsEmpty());
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_FALSE(fs::exists(socket));
}

TEST_F(BackgroundTest, ServesWithoutSignalHandlers) {
    RunningService service{trial, {"--no-signal-handlers"}};
    EXPECT_EQ(trial.verb({"call", "echo", "integer=7"}).out, "{\"integer\":7}\n");

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 128 + SIGTERM);
}

TEST_F(BackgroundTest, StopsWithoutSignalHandlers) {
    RunningService service{trial, {"--no-signal-handlers"}};

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(BackgroundTest, ServesWithoutAControlServer) {
    RunningService service{trial, {"--no-control-server"}};

    EXPECT_FALSE(fs::exists(trial.control_socket()));
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"pid"}).out, std::to_string(service.pid()) + "\n");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("stopping: SIGTERM"));
}

class ForegroundTest : public ServiceTest {
protected:
    void end(RunningCommand& service) {
        service.signal(SIGTERM);
        EXPECT_EQ(service.finish().exit_code, 0);
    }
};

TEST_F(ForegroundTest, RunsInTheStartedProcess) {
    RunningCommand service{trial.command({"run"})};
    await_text_in(trial.log_file(), " ready\n");

    EXPECT_EQ(trial.pid_in_file(), service.pid());
    EXPECT_EQ(facts_of(service.pid())->session, facts_of(::getpid())->session);
    EXPECT_EQ(fs::read_symlink(proc(service.pid(), "cwd")), directory.path());
    end(service);
}

TEST_F(ForegroundTest, KeepsItsStreams) {
    RunningCommand service{trial.command({"run"})};
    await_text_in(trial.log_file(), " ready\n");

    EXPECT_EQ(trial.verb({"call", "print", "text=hello"}).exit_code, 0);

    service.await_output("stdout: hello\n");
    service.await_output("stderr: hello\n");
    end(service);
    EXPECT_THAT(trial.log(), Not(HasSubstr("stdout: hello")));
}

TEST_F(ForegroundTest, LogsToStderrWithoutALogFile) {
    RunningCommand service{{.arguments = {"trial-service", "run", "--run-directory", run}}};

    service.await_output(" ready\n");

    end(service);
}

}  // namespace
}  // namespace servicekit::test
