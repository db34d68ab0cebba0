#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using os::test::ForkedChild;
using os::test::Lines;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

/// A log that goes to a descriptor of the service.
class LogToDescriptorTest : public ServiceTest {};

TEST_F(LogToDescriptorTest, ALogOnStdoutIsReopenedWithoutReadingItself) {
    const std::string out = directory.file("out");
    const Outcome started = shell("trial-service start --run-directory run --log-file /dev/stdout >out");
    ASSERT_EQ(started.exit_code, 0) << started;
    const pid_t pid = trial.pid_in_file();
    await_text_in(out, "ready");

    ASSERT_EQ(::kill(pid, SIGUSR1), 0);
    EXPECT_EQ(trial.verb({"log-reopen"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"call", "print", "text=printed"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"call", "log-flush"}).exit_code, 0);
    await_text_in(out, "printed");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    const std::string text = read_file(out);
    EXPECT_EQ(count_of(text, "stdout: printed"), 1U) << text;
    EXPECT_THAT(text, HasSubstr("stopped"));
}

TEST_F(LogToDescriptorTest, ALinkToStdoutIsTreatedAsStdout) {
    std::filesystem::create_symlink("/dev/stdout", directory.file("link"));
    const Outcome started = shell("trial-service start --run-directory run --log-file link >out");
    ASSERT_EQ(started.exit_code, 0) << started;
    EXPECT_EQ(trial.verb({"log-reopen"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(read_file(directory.file("out")), AllOf(HasSubstr("ready"), HasSubstr("stopped")));
}

TEST_F(LogToDescriptorTest, TheLogCanGoToASocket) {
    // The shell's stdout is a socket, as under inetd.
    const Outcome logged = shell(
        "python3 -c '\n"
        "import socket, subprocess\n"
        "ours, its = socket.socketpair()\n"
        "service = subprocess.Popen([\"trial-service\", \"run\", \"--run-directory\", \"run\", \"--log-file\", "
        "\"/dev/stdout\"], stdout=its)\n"
        "its.close()\n"
        "text = b\"\"\n"
        "while b\"ready\" not in text:\n"
        "    part = ours.recv(4096)\n"
        "    if not part: break\n"
        "    text += part\n"
        "service.terminate()\n"
        "print(service.wait(), b\"ready\" in text)'");
    EXPECT_EQ(logged.out, "0 True\n") << logged;
}

TEST_F(LogToDescriptorTest, ADescriptorOfTheCallerStaysOpenInTheBackground) {
    const Outcome started = shell("trial-service start --run-directory run --log-file /dev/fd/7 7>out");
    ASSERT_EQ(started.exit_code, 0) << started;
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(read_file(directory.file("out")), AllOf(HasSubstr("ready"), HasSubstr("stopped")));
}

TEST_F(LogToDescriptorTest, AClosedDescriptorFailsTheStart) {
    const Outcome started = shell("trial-service start --run-directory run --log-file /dev/fd/7");
    EXPECT_EQ(started.exit_code, 78) << started;
    EXPECT_EQ(started.err, "trial-service: cannot write to 'descriptor 7': Bad file descriptor\n");
}

TEST_F(LogToDescriptorTest, OnATerminalEachLineAppearsOnce) {
    for (const char* log : {"/dev/stderr", "/dev/stdout", "/dev/tty"}) {
        const Outcome shown =
            shell("TERM=dumb script -qefc 'trial-service run --run-directory run --log-file " + std::string{log} +
                  " & " + "until trial-service health --run-directory run >/dev/null; do sleep 0.05; done; " +
                  "trial-service stop --run-directory run >/dev/null; wait' /dev/null");
        EXPECT_EQ(count_of(shown.out, "]: ready"), 1U) << log << "\n" << shown;
        EXPECT_EQ(count_of(shown.out, "]: stopped"), 1U) << log << "\n" << shown;
    }
}

TEST_F(LogToDescriptorTest, TheVerbLogsFailsIfOnlyTheServiceHasTheLog) {
    const Outcome shown = trial.verb({"logs", "--log-file", "/dev/stdout"});
    EXPECT_EQ(shown.exit_code, 78) << shown;
    EXPECT_THAT(shown.err, HasSubstr("it is a descriptor that only the service has"));
}

// File systems that refuse changes of permissions and owners.

TEST_F(LogToDescriptorTest, RunsOnFileSystemsWithoutPermissionsAndOwners) {
    trial.add_options({"--stdout", directory.file("out"), "--log-rotate-size", "2000"});
    ForkedChild there{[this](Lines& parent) {
        for (const long number : {SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat})
            if (!os::test::deny_system_call(number, EPERM)) return 99;
#ifdef SYS_chmod
        for (const long number : {SYS_chmod, SYS_chown, SYS_lchown})
            if (!os::test::deny_system_call(number, EPERM)) return 99;
#endif
        for (int life = 0; life < 2; ++life) {
            const Outcome started = trial.verb({"start"});
            if (started.exit_code != 0) {
                parent.tell(started.err);
                return 1;
            }
            const int rotated = trial.verb({"call", "flood", "lines=100"}).exit_code;
            const int stopped = trial.verb({"stop"}).exit_code;
            parent.tell(std::to_string(rotated) + std::to_string(stopped));
        }
        return 0;
    }};
    const std::string first = there.hear();
    const std::string second = there.hear();
    if (there.wait() == 99) GTEST_SKIP() << "system calls can't be filtered here";
    EXPECT_EQ(first, "00");
    EXPECT_EQ(second, "00");

    std::size_t files = 0;
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator{directory.path()}) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("log")) continue;
        ++files;
        text += read_file(entry.path());
    }
    EXPECT_GT(files, 3U);
    EXPECT_THAT(
        text, AllOf(HasSubstr("cannot change the permissions of '" + trial.log_file() + "': Operation not permitted\n"),
                    HasSubstr("cannot change the permissions of '" + directory.file("out") + "'")));
}

}  // namespace
}  // namespace servicekit::test
