// Resource limits that a caller passes on: a service runs within them, or reports why it can't.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "sanitized.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class InheritedLimitsTest : public ServiceTest {
protected:
    /// \param limits the ulimit(1) arguments that sh(1) applies first: "ulimit -f 1"
    [[nodiscard]] Command limited(const std::string& limits, const Strings& arguments) const {
        Command command = trial.command(arguments);
        const Strings shell{"sh", "-c", limits + R"(; exec "$0" "$@")"};
        command.arguments.insert(command.arguments.begin(), shell.begin(), shell.end());
        return command;
    }

    void expect_nothing_left() const {
        EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0) << "the lock is still held";
        EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
        EXPECT_FALSE(std::filesystem::exists(trial.control_socket()));
    }
};

TEST_F(InheritedLimitsTest, ALogAtItsSizeLimitActsLikeAFullDisk) {
    RunningCommand service{limited("ulimit -S -f 8", {"run"})};  // in blocks of 512 bytes
    await_text_in(trial.log_file(), " ready\n");

    for (int calls = 0; calls < 3; ++calls)
        ASSERT_EQ(trial.verb({"call", "flood", "lines=2000"}).exit_code, 0) << "it has not survived";

    EXPECT_EQ(std::filesystem::file_size(trial.log_file()), 4096U);
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    // As after a full disk: once there is room again, the log reports how much it has lost.
    const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    ASSERT_EQ(::prlimit(service.pid(), RLIMIT_FSIZE, &unlimited, nullptr), 0);
    await_text_in(trial.log_file(), "lines lost: File too large");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(InheritedLimitsTest, AStartWithoutMemoryForAStackNamesTheLimit) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs memory of its own";
    const Outcome outcome = run_command(limited("ulimit -d 2000", {"run"}));

    EXPECT_EQ(outcome.exit_code, 71) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("RLIMIT_DATA"));
    expect_nothing_left();
}

TEST_F(InheritedLimitsTest, AnUnwritablePidfileFailsTheStartWithAMessage) {
    for (const char* verb : {"start", "run"}) {
        const Outcome outcome = run_command(limited("ulimit -f 0", {verb}));
        EXPECT_EQ(outcome.exit_code, 73) << outcome;
        EXPECT_THAT(outcome.err, HasSubstr("trial-service.pid': File too large"));
        expect_nothing_left();
    }
}

TEST_F(InheritedLimitsTest, ACrashReportAtItsSizeLimitIsTruncated) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer ends the process by itself";
    trial.add_options({"--crash-directory", directory.path()});
    RunningCommand service{limited("ulimit -c 0; ulimit -f 2", {"run"})};
    await_text_in(trial.log_file(), " ready\n");

    static_cast<void>(trial.verb({"call", "abort"}));

    EXPECT_EQ(service.finish().exit_code, 128 + SIGABRT);
    EXPECT_EQ(std::filesystem::file_size(directory.file("trial-service.crash")), 1024U);
    EXPECT_THAT(read_file(directory.file("trial-service.crash")), HasSubstr("SIGABRT"));
}

TEST_F(InheritedLimitsTest, AStreamFileAtItsSizeLimitDoesNotEndTheService) {
    trial.add_options({"--stdout", directory.file("out"), "--stderr", directory.file("out")});
    RunningCommand service{limited("ulimit -f 8", {"run"})};
    await_text_in(trial.log_file(), " ready\n");
    const std::string text(6000, 'x');

    ASSERT_EQ(trial.verb({"call", "print", "text=" + text}).exit_code, 0);

    EXPECT_EQ(std::filesystem::file_size(directory.file("out")), 4096U);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(InheritedLimitsTest, TheProcessorTimeLimitStopsTheServiceAndIsLogged) {
    trial.add_options({"--stop-timeout", "1"});
    RunningCommand service{limited("ulimit -S -t 1", {"run"})};
    await_text_in(trial.log_file(), " ready\n");

    RunningCommand call{trial.command({"call", "spin"})};

    EXPECT_NE(service.finish().exit_code, 0);
    EXPECT_THAT(trial.log(), HasSubstr("stopping: SIGXCPU: the limit of processor time is reached"));
}

TEST_F(InheritedLimitsTest, ASmallStackIsEnough) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs more";
    for (const int kilobytes : {128, 256, 1024}) {
        SCOPED_TRACE(kilobytes);
        const Outcome start = run_command(limited("ulimit -s " + std::to_string(kilobytes), {"start"}));
        ASSERT_EQ(start.exit_code, 0) << start;
        EXPECT_EQ(trial.verb({"call", "echo", "string=x"}).exit_code, 0);
        EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
        EXPECT_THAT(trial.log(), Not(HasSubstr("crashed")));
    }
}

TEST_F(InheritedLimitsTest, AStackThatCannotBeRaisedIsReportedAsTooSmall) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs more";
    const Outcome start = run_command(limited("ulimit -s 64", {"start"}));

    EXPECT_EQ(start.exit_code, 71) << start;
    EXPECT_THAT(start.err, HasSubstr("the stack may have 64 KiB (RLIMIT_STACK), and 128 KiB are needed"));
    expect_nothing_left();
}

TEST_F(InheritedLimitsTest, ASmallAddressSpaceSufficesOrIsReportedAsTooSmall) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs more";
    bool ran = false;
    for (const int megabytes : {20, 24, 28, 32, 40, 64, 128, 512}) {
        SCOPED_TRACE(megabytes);
        const Outcome start = run_command(limited("ulimit -v " + std::to_string(megabytes * 1024), {"start"}));
        if (start.exit_code == 127) continue;  // the program could not be loaded
        if (start.exit_code != 0) {
            EXPECT_EQ(start.exit_code, 71) << start;
            EXPECT_THAT(start.err, HasSubstr("trial-service: cannot "));
            expect_nothing_left();
            continue;
        }
        ran = true;
        // There may be too little memory for the connection or the reply, but that does not end the service.
        static_cast<void>(trial.verb({"call", "echo", "string=x"}));
        EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 1);
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    }
    EXPECT_TRUE(ran);
}

TEST_F(InheritedLimitsTest, TheProcessLimitOfTheUserIsReported) {
    // Root has no such limit, and no other process runs as this user.
    if (!is_root()) GTEST_SKIP() << "only root can become another user";
    const Identity another{.user = 54321, .group = 54321};
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
    for (const char* verb : {"start", "run"}) {
        Command command = trial.command({verb});
        const Strings limit{"prlimit", "--nproc=1"};
        command.arguments.insert(command.arguments.begin(), limit.begin(), limit.end());

        const Outcome outcome = run_command(as_user(another, command));

        EXPECT_EQ(outcome.exit_code, 71) << outcome;
        EXPECT_THAT(outcome.err, HasSubstr("Resource temporarily unavailable"));
        EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
    }
}

}  // namespace
}  // namespace servicekit::test
