#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace fs = std::filesystem;

/// What an instance finds that others have left or put there.
class LeftoversTest : public ServiceTest {
protected:
    /// Kills the service before it can clean up.
    static void kill(RunningService& service) {
        service.signal(SIGKILL);
        EXPECT_EQ(service.exit_code(), 128 + SIGKILL);
    }

    void expect_that_it_starts_and_stops() const {
        RunningService next{trial};
        EXPECT_EQ(trial.verb({"pid"}).out, std::to_string(next.pid()) + "\n");
        const Outcome stopped = trial.verb({"stop"});
        EXPECT_EQ(stopped.exit_code, 0) << stopped;
        EXPECT_EQ(next.exit_code(), 0);
    }

    /// Checks that a start fails and reports why.
    void expect_refusal(int exit_code, const std::string& words) const {
        const Outcome started = trial.verb({"start"});
        EXPECT_EQ(started.exit_code, exit_code) << started;
        EXPECT_EQ(started.err, "trial-service: cannot " + words + "\n");
    }
};

TEST_F(LeftoversTest, StartsAfterTheServiceWasKilled) {
    RunningService killed{trial};
    kill(killed);
    const Outcome status = trial.verb({"status"});

    EXPECT_EQ(trial.pid_in_file(), killed.pid());
    EXPECT_TRUE(fs::is_socket(trial.control_socket()));
    EXPECT_EQ(status.exit_code, 1);
    EXPECT_THAT(status.out, HasSubstr("it was killed and left '" + trial.pid_file() + "', '" + trial.control_socket()));
    EXPECT_EQ(trial.verb({"pid"}).exit_code, 3);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    expect_that_it_starts_and_stops();
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

TEST_F(LeftoversTest, TheNextStartReportsThatTheLastRunWasNotStopped) {
    RunningService killed{trial};
    kill(killed);

    RunningService next{trial};

    next.await_log(" warning trial-service[" + std::to_string(next.pid()) + "]: the last life (pid " +
                   std::to_string(killed.pid()) + ") ended without a stop\n");
}

TEST_F(LeftoversTest, TheNextStartReportsNothingAfterAStopOrKillByVerb) {
    for (const char* verb : {"stop", "kill"}) {
        RunningService ended{trial};
        EXPECT_EQ(trial.verb({verb}).exit_code, 0);
        EXPECT_EQ(ended.exit_code(), 0);
    }
    const RunningService next{trial};

    EXPECT_THAT(trial.log(), Not(HasSubstr("the last life")));
}

TEST_F(LeftoversTest, StartsAfterAKillThatLeftAForkedChild) {
    RunningService killed{trial};
    Process child{static_cast<pid_t>(killed.call("fork-child").find("pid")->as_integer())};
    kill(killed);

    expect_that_it_starts_and_stops();
    EXPECT_FALSE(child.has_ended());
    child.end();
}

TEST_F(LeftoversTest, StartsAfterAKillThatLeftAProgram) {
    RunningService killed{trial};
    Process child{static_cast<pid_t>(killed.call("popen-child").find("pid")->as_integer())};
    kill(killed);

    expect_that_it_starts_and_stops();
    EXPECT_FALSE(child.has_ended());
    child.end();
}

TEST_F(LeftoversTest, AStoppedServiceLeavesAnEmptyPidfileAndNoSocket) {
    expect_that_it_starts_and_stops();

    EXPECT_EQ(fs::file_size(trial.pid_file()), 0U);
    EXPECT_FALSE(fs::exists(trial.control_socket()));
}

TEST_F(LeftoversTest, AChildThatOutlivesTheServiceHoldsNoLock) {
    RunningService service{trial};
    Process child{static_cast<pid_t>(service.call("fork-child").find("pid")->as_integer())};

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0);
    expect_that_it_starts_and_stops();
    child.end();
}

TEST_F(LeftoversTest, AMissingRunDirectoryIsCreatedWithItsParents) {
    trial.add_options({"--run-directory", directory.file("a/b/c")});
    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 0) << started;
    EXPECT_TRUE(fs::is_socket(directory.file("a/b/c/trial-service.control")));
    EXPECT_EQ(fs::status(directory.file("a/b/c")).permissions(), fs::perms{0755});
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(LeftoversTest, APidfileThatIsALinkIsRefusedAndItsTargetUntouched) {
    fs::create_directory(run);
    write_file(directory.file("precious"), "kept");
    fs::create_symlink(directory.file("precious"), trial.pid_file());

    expect_refusal(73, "lock '" + trial.pid_file() + "': it is a symbolic link");
    EXPECT_EQ(read_file(directory.file("precious")), "kept");
}

TEST_F(LeftoversTest, PidfileThatIsADirectoryIsRefused) {
    fs::create_directories(trial.pid_file());

    expect_refusal(73, "lock '" + trial.pid_file() + "': Is a directory");
}

TEST_F(LeftoversTest, APidfileThatIsAPipeIsRefusedWithoutWaiting) {
    fs::create_directory(run);
    ASSERT_EQ(::mkfifo(trial.pid_file().c_str(), 0600), 0);

    expect_refusal(73, "lock '" + trial.pid_file() + "': it is not a regular file");
}

TEST_F(LeftoversTest, AFileAtTheSocketPathIsNotRemovedIfItIsNotASocket) {
    fs::create_directory(run);
    write_file(trial.control_socket(), "precious");

    expect_refusal(73, "listen on '" + trial.control_socket() + "': the file that is there is not a socket");
    EXPECT_EQ(read_file(trial.control_socket()), "precious");
}

TEST_F(LeftoversTest, RunDirectoryThatIsAFileIsRefused) {
    write_file(run, "");

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 73);
    EXPECT_THAT(started.err, AllOf(HasSubstr("trial-service: cannot "), HasSubstr(run)));
}

/// The same for a user who is not root and has no run directory except the private one.
class PrivateRunDirectoryTest : public LeftoversTest {
protected:
    void SetUp() override {
        LeftoversTest::SetUp();
        fs::permissions(directory.path(), fs::perms{01777});
        const uid_t user = is_root() ? stranger : ::geteuid();
        private_directory = directory.file("servicekit-" + std::to_string(user));
        if (run_as_user({"--version"}).exit_code != 0) GTEST_SKIP() << "another user may not run the programs here";
    }

    [[nodiscard]] Outcome run_as_user(const Strings& arguments) const {
        Command command{.arguments = {"trial-service"}, .variables = {{"TMPDIR", directory.path()}}};
        command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
        return run_command(is_root() ? as_stranger(command) : command);
    }

    void expect_refusal(int exit_code, const std::string& reason) const {
        const Outcome started = run_as_user({"start"});
        EXPECT_EQ(started.exit_code, exit_code) << started;
        EXPECT_EQ(started.err,
                  "trial-service: cannot use the run directory '" + private_directory + "': " + reason + "\n");
    }

    std::string private_directory;
};

TEST_F(PrivateRunDirectoryTest, IsAccessibleToItsUserOnly) {
    const Outcome started = run_as_user({"start"});

    ASSERT_EQ(started.exit_code, 0) << started;
    EXPECT_EQ(fs::status(private_directory).permissions(), fs::perms{0700});
    EXPECT_TRUE(fs::is_socket(private_directory + "/trial-service.control"));
    const Outcome stopped = run_as_user({"stop"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
}

TEST_F(PrivateRunDirectoryTest, IsRefusedIfItIsALink) {
    fs::create_directory(directory.file("trap"));
    fs::create_directory_symlink(directory.file("trap"), private_directory);

    expect_refusal(73, "it is not a directory");
    EXPECT_TRUE(fs::is_empty(directory.file("trap")));
}

TEST_F(PrivateRunDirectoryTest, IsRefusedIfItBelongsToAnotherUser) {
    if (!is_root()) GTEST_SKIP() << "only root can make a directory of somebody else's";
    fs::create_directory(private_directory);
    fs::permissions(private_directory, fs::perms{0777});

    expect_refusal(77, "it belongs to another user (uid 0)");
    EXPECT_TRUE(fs::is_empty(private_directory));
}

TEST_F(PrivateRunDirectoryTest, IsRefusedIfItIsOpenToOthers) {
    fs::create_directory(private_directory);
    if (is_root()) {
        ASSERT_EQ(::chown(private_directory.c_str(), stranger, stranger), 0);
    }
    fs::permissions(private_directory, fs::perms{0755});

    expect_refusal(77, "it is open to other users; 'chmod 700' it");
}

TEST_F(PrivateRunDirectoryTest, IsFoundByAnOperatorWhoHasAnotherDefault) {
    ASSERT_EQ(run_as_user({"start"}).exit_code, 0);
    Command command{.arguments = {"trial-service", "stop"},
                    .variables = {{"TMPDIR", directory.path()}, {"XDG_RUNTIME_DIR", directory.file("elsewhere")}}};

    const Outcome stopped = run_command(is_root() ? as_stranger(command) : command);

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_THAT(stopped.out + stopped.err, StartsWith("trial-service: stopped (pid "));
}

TEST_F(PrivateRunDirectoryTest, IsFoundBelowTheUsersRuntimeDirectory) {
    const std::string users = directory.file("user");
    const std::string units = users + "/unit";
    Command start{.arguments = {"trial-service", "start"},
                  .variables = {{"TMPDIR", directory.path()}, {"RUNTIME_DIRECTORY", users + ":" + units}}};
    const Variables operators{{"TMPDIR", directory.path()}, {"XDG_RUNTIME_DIR", users}};
    const auto as_user = [](const Command& command) { return run_command(is_root() ? as_stranger(command) : command); };
    const Outcome started = as_user(start);
    ASSERT_EQ(started.exit_code, 0) << started;
    EXPECT_TRUE(fs::is_socket(users + "/trial-service.control"));

    const Outcome status = as_user({.arguments = {"trial-service", "status"}, .variables = operators});
    const Outcome stopped = as_user({.arguments = {"trial-service", "stop"}, .variables = operators});

    EXPECT_EQ(status.exit_code, 0) << status;
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_THAT(stopped.out + stopped.err, StartsWith("trial-service: stopped (pid "));
}

TEST_F(PrivateRunDirectoryTest, TheTriedPathsAreReportedIfNothingRuns) {
    const Outcome status = run_as_user({"status"});

    EXPECT_EQ(status.exit_code, 3) << status;
    EXPECT_THAT(status.out, AllOf(HasSubstr("'/run/trial-service.pid'"),
                                  HasSubstr("'" + private_directory + "/trial-service.pid'")));
}

class ForeignRunDirectoryTest : public LeftoversTest {};

TEST_F(ForeignRunDirectoryTest, ARunDirectoryOfAnotherUserIsRefused) {
    if (!is_root()) GTEST_SKIP() << "only root can be another user";
    fs::create_directory(run);

    const Outcome started = run_command(as_stranger(trial.command({"start"})));

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_EQ(started.err, "trial-service: cannot lock '" + trial.pid_file() + "': Permission denied\n");
}

TEST_F(ForeignRunDirectoryTest, ARunDirectoryThatCannotBeCreatedIsRefused) {
    if (!is_root()) GTEST_SKIP() << "only root can be another user";

    const Outcome started = run_command(as_stranger(trial.command({"start"})));

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_THAT(started.err, AllOf(HasSubstr(run), HasSubstr("Permission denied")));
}

}  // namespace
}  // namespace servicekit::test
