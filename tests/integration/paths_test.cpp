// The directories of a service, and who may own them.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "integration/support/turnstile.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace fs = std::filesystem;

/// A user without root's rights who has a runtime directory. In it is the directory that the user's service manager
/// makes for the service.
class DefaultPathsTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        fs::permissions(directory.path(), fs::perms{0755});
        make_directory(runtime);
        make_directory(units);
        make_directory(temporary);
        if (as_user({"--version"}, {}).exit_code != 0) GTEST_SKIP() << "another user may not run the programs here";
    }

    [[nodiscard]] Command command(const Strings& arguments, const Variables& variables) const {
        Command command{.arguments = {"trial-service"}, .variables = {{"TMPDIR", temporary}}};
        command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
        command.variables.insert(command.variables.end(), variables.begin(), variables.end());
        return is_root() ? as_stranger(command) : command;
    }
    [[nodiscard]] Outcome as_user(const Strings& arguments, const Variables& variables) const {
        return run_command(command(arguments, variables));
    }
    void make_directory(const std::string& path) const {
        fs::create_directory(path);
        fs::permissions(path, fs::perms{0700});
        if (is_root()) {
            ASSERT_EQ(::chown(path.c_str(), stranger, stranger), 0);
        }
    }

    const std::string runtime = directory.file("runtime");
    const std::string units = runtime + "/trial-service";
    const std::string temporary = directory.file("tmp");
    const Variables shell{{"XDG_RUNTIME_DIR", runtime}};
    const Variables unit{{"XDG_RUNTIME_DIR", runtime}, {"RUNTIME_DIRECTORY", units}};
    const Variables cron{};  ///< only the temporary directory is set
};

TEST_F(DefaultPathsTest, AllVerbsFindAServiceOfTheUsersManager) {
    const Outcome started = as_user({"start"}, unit);
    ASSERT_EQ(started.exit_code, 0) << started;
    EXPECT_TRUE(fs::is_socket(units + "/trial-service.control"));

    EXPECT_EQ(as_user({"status"}, shell).exit_code, 0);
    EXPECT_EQ(as_user({"wait", "--test"}, shell).exit_code, 1);
    const Outcome second = as_user({"start"}, shell);
    EXPECT_EQ(second.exit_code, 69) << second;
    EXPECT_THAT(second.err, HasSubstr("already running (pid "));
    EXPECT_THAT(second.err, HasSubstr(" with '" + units + "/trial-service.pid'"));
    const Outcome stopped = as_user({"stop"}, shell);
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_THAT(stopped.out, StartsWith("trial-service: stopped (pid "));
}

TEST_F(DefaultPathsTest, TheUsersManagerFindsAServiceOfTheShell) {
    ASSERT_EQ(as_user({"start"}, shell).exit_code, 0);
    EXPECT_EQ(as_user({"start"}, unit).exit_code, 69);
    EXPECT_EQ(as_user({"status"}, unit).exit_code, 0);
    EXPECT_EQ(as_user({"stop"}, unit).exit_code, 0);
    EXPECT_EQ(as_user({"start"}, unit).exit_code, 0);
    EXPECT_EQ(as_user({"stop"}, shell).exit_code, 0);
}

TEST_F(DefaultPathsTest, ANamedRunDirectoryIsASeparateInstance) {
    ASSERT_EQ(as_user({"start"}, unit).exit_code, 0);
    make_directory(directory.file("named"));
    const Strings named{"--run-directory", directory.file("named")};
    const auto with = [&named](Strings verb) {
        verb.insert(verb.end(), named.begin(), named.end());
        return verb;
    };
    EXPECT_EQ(as_user(with({"status"}), shell).exit_code, 3);
    EXPECT_EQ(as_user(with({"start"}), shell).exit_code, 0);
    EXPECT_EQ(as_user({"stop"}, shell).exit_code, 0);
    EXPECT_EQ(as_user({"status"}, shell).exit_code, 3);
    EXPECT_EQ(as_user(with({"status"}), shell).exit_code, 0);
    EXPECT_EQ(as_user(with({"stop"}), shell).exit_code, 0);
}

TEST_F(DefaultPathsTest, OneOfTwoSimultaneousStartsInTwoPlacesWins) {
    constexpr std::size_t of_each = 12;
    for (int round = 0; round < 5; ++round) {
        Turnstile turnstile{directory.file("turnstile")};
        fs::permissions(directory.file("turnstile"), fs::perms{0666});
        std::vector<std::unique_ptr<RunningCommand>> starts;
        for (std::size_t i = 0; i < of_each; ++i)
            for (const Variables& variables : {shell, unit})
                starts.push_back(std::make_unique<RunningCommand>(turnstile.hold(command({"start"}, variables))));
        for (const auto& start : starts) start->await_output("waiting");
        turnstile.let_pass(starts.size());

        std::size_t successes = 0;
        for (const auto& start : starts) {
            const Outcome outcome = start->finish();
            if (outcome.exit_code == 0)
                ++successes;
            else
                EXPECT_EQ(outcome.exit_code, 69) << outcome;
        }
        EXPECT_EQ(successes, 1U);
        EXPECT_EQ(as_user({"status"}, shell).exit_code, 0);
        EXPECT_EQ(as_user({"stop"}, round % 2 == 0 ? shell : unit).exit_code, 0);
        EXPECT_EQ(as_user({"status"}, unit).exit_code, 3);
    }
}

/// A stranger runs the service in a directory that is open to all, and root queries it.
class StrangersServiceTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (!is_root()) GTEST_SKIP() << "only root can be another user";
        fs::permissions(directory.path(), fs::perms{0755});
        fs::create_directory(run);
        fs::permissions(run, fs::perms{01777});
        const Outcome started = run_command(as_stranger(strangers({"start"})));
        if (started.exit_code != 0) GTEST_SKIP() << "another user may not run the programs here: " << started.err;
    }
    void TearDown() override {
        if (is_root()) (void)run_command(as_stranger(strangers({"stop"})));
        ServiceTest::TearDown();
    }
    [[nodiscard]] Command strangers(Strings arguments) const {
        arguments.insert(arguments.begin(), "trial-service");
        for (const char* const option : {"--run-directory", "--control-mode"}) arguments.emplace_back(option);
        arguments.insert(arguments.end() - 1, run);
        arguments.emplace_back("666");
        return {.arguments = arguments};
    }
    void remove_lock() const { fs::remove(run + "/trial-service.pid"); }
    void expect_refusals() const {
        for (const Strings& verb :
             {Strings{"status"}, Strings{"health"}, Strings{"pid"}, Strings{"stop"}, Strings{"kill"}, Strings{"wait"},
              Strings{"wait", "--test"}, Strings{"reload"}, Strings{"events"}, Strings{"log-level"},
              Strings{"log-reopen"}, Strings{"call", "note", "text=secret"}}) {
            const Outcome outcome = trial.verb(verb);
            EXPECT_EQ(outcome.exit_code, 77) << verb.front() << ": " << outcome;
            EXPECT_THAT(outcome.err, HasSubstr("ed by uid " + std::to_string(stranger)));
        }
    }
};

TEST_F(StrangersServiceTest, IsRefusedByEveryVerb) {
    expect_refusals();
    EXPECT_EQ(run_command(as_stranger(strangers({"status"}))).exit_code, 0);
}

TEST_F(StrangersServiceTest, IsRefusedWithoutALock) {
    remove_lock();
    expect_refusals();
}

TEST_F(StrangersServiceTest, IsRefusedInTheStrangersDirectory) {
    ASSERT_EQ(::chown(run.c_str(), stranger, stranger), 0);
    fs::permissions(run, fs::perms{0755});
    expect_refusals();
}

TEST_F(StrangersServiceTest, IsAcceptedIfTheSettingsNameTheStranger) {
    trial.add_options({"--user", std::to_string(stranger)});
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    const Outcome stopped = trial.verb({"stop"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
}

TEST_F(StrangersServiceTest, TheLocksOwnerIsTrustedInAClosedDirectory) {
    fs::permissions(run, fs::perms{0755});
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    const Outcome stopped = trial.verb({"stop"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
}

TEST_F(StrangersServiceTest, ALinkOfTheStrangerReachesNoOtherService) {
    ServiceProgram other{"trial-service", directory.file("other")};
    fs::create_directory(other.directory());
    RunningService service{other};
    run_command(as_stranger(strangers({"stop"})));
    run_command(as_stranger({.arguments = {"ln", "-s", other.control_socket(), trial.control_socket()}}));

    const Outcome stopped = trial.verb({"stop"});

    EXPECT_EQ(stopped.exit_code, 77) << stopped;
    EXPECT_FALSE(service.has_ended());
}

class VerbsInARemovedDirectoryTest : public ServiceTest {
protected:
    /// Runs the command in a directory that has been removed.
    [[nodiscard]] Outcome from_nowhere(const Strings& arguments) const {
        std::string line = "mkdir gone && cd gone && rmdir ../gone && trial-service";
        for (const std::string& argument : arguments) line += " '" + argument + "'";
        return this->shell(line + " --run-directory '" + run + "' --log-file '" + trial.log_file() + "'");
    }
};

TEST_F(VerbsInARemovedDirectoryTest, OnlyRelativePathsNeedTheDirectory) {
    const Outcome started = from_nowhere({"start"});
    ASSERT_EQ(started.exit_code, 0) << started;
    for (const Strings& verb : {Strings{"status"}, Strings{"events"}, Strings{"where"}, Strings{"reload"},
                                Strings{"check"}, Strings{"call", "note", "text=x"}, Strings{"logs"}}) {
        const Outcome outcome = from_nowhere(verb);
        EXPECT_EQ(outcome.exit_code, 0) << verb.front() << ": " << outcome;
    }
    EXPECT_EQ(from_nowhere({"restart"}).exit_code, 0);
    EXPECT_EQ(from_nowhere({"stop"}).exit_code, 0);
    EXPECT_NE(from_nowhere({"check", "--pid-file", "x.pid"}).exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
