// The verb `logs`.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class LogsTest : public ServiceTest {
protected:
    /// Writes lines as a service would.
    void write_lines(int count) {
        std::string lines;
        for (int i = 1; i <= count; ++i) lines += "line " + std::to_string(i) + "\n";
        write_file(trial.log_file(), lines);
    }
};

TEST_F(LogsTest, ShowsTwentyLines) {
    write_lines(30);

    const Outcome logs = trial.verb({"logs"});

    EXPECT_EQ(logs.exit_code, 0) << logs;
    EXPECT_THAT(logs.out, AllOf(StartsWith("line 11\n"), EndsWith("line 30\n")));
}

TEST_F(LogsTest, ShowsTheRequestedNumberOfLines) {
    write_lines(30);

    EXPECT_EQ(trial.verb({"logs", "-n", "2"}).out, "line 29\nline 30\n");
    EXPECT_EQ(trial.verb({"logs", "--lines", "0"}).out, "");
    EXPECT_THAT(trial.verb({"logs", "-n", "1000"}).out, StartsWith("line 1\n"));
}

TEST_F(LogsTest, NeedsNoRunningService) {
    { const RunningService service{trial}; }

    EXPECT_THAT(trial.verb({"logs"}).out, HasSubstr(" ready\n"));
}

TEST_F(LogsTest, ReportsThatThereIsNoLogFile) {
    const Outcome missing = trial.verb({"logs"});
    const Outcome unset = run_command({.arguments = {"trial-service", "logs", "--run-directory", run}});

    EXPECT_NE(missing.exit_code, 0);
    EXPECT_THAT(missing.err, HasSubstr("'" + trial.log_file() + "': No such file or directory"));
    EXPECT_EQ(unset.exit_code, 78);
    EXPECT_THAT(unset.err, HasSubstr("no log file is set"));
}

TEST_F(LogsTest, ShowsLinesThatTheServiceHasNotWrittenYet) {
    trial.add_options({"--log-delay", "60"});
    const RunningService service{trial};
    // The first 16 lines within the delay do not wait.
    for (int line = 0; line < 20; ++line) service.call("echo", {{"string", "a line"}});
    service.call("echo", {{"string", "a line that waits"}});

    EXPECT_THAT(trial.verb({"logs", "-n", "2"}).out, HasSubstr("a line that waits"));
}

TEST_F(LogsTest, ShowsTheFileIfTheServiceDoesNotAnswer) {
    RunningService service{trial};
    service.signal(SIGSTOP);

    const Outcome logs = trial.verb({"logs"});

    service.signal(SIGCONT);
    EXPECT_EQ(logs.exit_code, 0) << logs;
    EXPECT_THAT(logs.out, HasSubstr("starting"));
}

TEST_F(LogsTest, FollowsNewLines) {
    const RunningService service{trial};
    RunningCommand logs{trial.command({"logs", "-f"})};
    logs.await_output(" ready\n");

    service.call("echo", {{"string", "a new line"}});

    logs.await_output("a new line");
    logs.signal(SIGINT);
    EXPECT_EQ(logs.finish().exit_code, 0);
}

TEST_F(LogsTest, StopsFollowingWhenItsReaderIsGone) {
    const RunningService service{trial};
    const Command logs = trial.command({"logs", "-f", "-n", "1"});
    Command piped{.arguments = {"sh", "-c", "\"$@\" | head -n 1", "sh"}, .variables = logs.variables};
    piped.arguments.insert(piped.arguments.end(), logs.arguments.begin(), logs.arguments.end());
    RunningCommand reading{piped};
    reading.await_output("\n");

    service.call("echo", {{"string", "the next line"}});

    const Outcome read = reading.finish();
    EXPECT_EQ(read.exit_code, 0) << read;
    EXPECT_EQ(read.err, "");
    EXPECT_THAT(read.out, Not(HasSubstr("the next line")));
}

TEST_F(LogsTest, EndsAtASignalWhileItsReaderPauses) {
    write_lines(50'000);  // more than a pipe holds
    const std::string fifo = directory.file("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const os::Descriptor reader{::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    const Command logs = trial.command({"logs", "-f", "-n", "50000"});
    Command into_fifo{.arguments = {"sh", "-c", "exec \"$@\" >fifo", "sh"},
                      .variables = logs.variables,
                      .directory = directory.path()};
    into_fifo.arguments.insert(into_fifo.arguments.end(), logs.arguments.begin(), logs.arguments.end());
    RunningCommand following{into_fifo};
    await_state("it is full", [&] {
        pollfd writable{reader.get(), POLLOUT, 0};
        return ::poll(&writable, 1, 0) == 0;
    });

    following.signal(SIGTERM);

    const Outcome followed = following.finish();
    EXPECT_EQ(followed.exit_code, 0) << followed;
    EXPECT_EQ(followed.err, "");
}

TEST_F(LogsTest, FollowsARotation) {
    const RunningService service{trial};
    RunningCommand logs{trial.command({"logs", "-f"})};
    logs.await_output(" ready\n");

    std::filesystem::rename(trial.log_file(), directory.file("log.1"));
    service.call("echo", {{"string", "into the old file"}});
    service.call("log-reopen");
    service.call("echo", {{"string", "into the new file"}});

    logs.await_output("into the old file");
    logs.await_output("into the new file");
    EXPECT_THAT(trial.log(), Not(HasSubstr("into the old file")));
    logs.signal(SIGINT);
    EXPECT_EQ(logs.finish().exit_code, 0);
}

TEST_F(LogsTest, FollowsALogThatWasTruncated) {
    write_lines(30);
    RunningCommand logs{trial.command({"logs", "-f"})};
    logs.await_output("line 30\n");

    write_file(trial.log_file(), "anew\n");

    logs.await_output("anew\n");
    logs.signal(SIGTERM);
    EXPECT_EQ(logs.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
