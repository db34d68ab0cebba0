#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/support/process.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "integration/support/turnstile.hpp"

namespace servicekit::test {
namespace {

using os::test::ForkedChild;
using os::test::Lines;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class LockRaceTest : public ServiceTest {
protected:
    /// Stops the running instance.
    void stop() const {
        const Outcome stopped = trial.verb({"stop"});
        EXPECT_EQ(stopped.exit_code, 0) << stopped;
    }

    [[nodiscard]] std::string already_running(const std::string& who) const {
        return "trial-service: cannot lock '" + trial.pid_file() + "': already running (" + who + ")\n";
    }

    [[nodiscard]] static std::size_t count_of_live_services() {
        const auto all = descendants();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const ProcessFacts& process) {
            return process.name == "trial-service" && !process.is_zombie();
        }));
    }
};

TEST_F(LockRaceTest, OneOfTwoHundredStartsWinsAndTheOthersNameIt) {
    for (int round = 0; round < 3; ++round) {
        Turnstile turnstile{directory.file("turnstile")};
        std::vector<std::unique_ptr<RunningCommand>> starts;
        while (starts.size() < 200)
            starts.push_back(std::make_unique<RunningCommand>(turnstile.hold(trial.command({"start"}))));
        for (const auto& start : starts) start->await_output("waiting");

        turnstile.let_pass(starts.size());
        std::vector<Outcome> outcomes;
        for (const auto& start : starts) outcomes.push_back(start->finish());

        const std::string winner = "pid " + std::to_string(trial.pid_in_file());
        std::size_t successes = 0;
        for (const Outcome& outcome : outcomes) {
            if (outcome.exit_code == 0) {
                ++successes;
                EXPECT_EQ(outcome.err, "");
            } else {
                EXPECT_EQ(outcome.exit_code, 69) << outcome;
                EXPECT_EQ(outcome.err, already_running(winner));
            }
        }
        EXPECT_EQ(successes, 1U);
        await_state("one service is left", [] { return count_of_live_services() == 1; });
        stop();
    }
}

TEST_F(LockRaceTest, ClosingItsOwnPidfileDoesNotReleaseTheLock) {
    const RunningService service{trial};
    service.call("touch-pidfile");

    const Outcome second = trial.verb({"start"});

    EXPECT_EQ(second.exit_code, 69);
    EXPECT_EQ(second.err, already_running("pid " + std::to_string(service.pid())));
    EXPECT_EQ(trial.verb({"pid"}).out, std::to_string(service.pid()) + "\n");
    stop();
}

TEST_F(LockRaceTest, ProbesNeverMakeAStartFail) {
    // Each probe may report only that the service runs or that it does not run. It must never report that it was
    // killed. If instances come and go faster than a busy machine can look, `pid` may also report that a service runs
    // whose pid is unknown (4): each instance is about to take the lock or to end.
    const std::string probing = directory.file("probing");
    write_file(probing, "");
    const auto probe_for_ever = [&](const std::string& verb, const std::string& allowed) {
        Command command = trial.command({});
        command.arguments = {"sh", "-c",
                             "while [ -e " + probing + " ]; do trial-service " + verb + " --run-directory " + run +
                                 "; code=$?; case $code in 0|" + allowed + ") ;; *) echo " + verb +
                                 " ended with $code >&2; exit 1 ;; esac; done 2>&1"};
        return std::make_unique<RunningCommand>(command);
    };
    const auto pid = probe_for_ever("pid", "3|4");
    const auto status = probe_for_ever("status", "3");
    const auto wait = probe_for_ever("wait --test", "1");

    for (int round = 0; round < 100; ++round) {
        const Outcome started = trial.verb({"start"});
        ASSERT_EQ(started.exit_code, 0) << "round " << round << ": " << started;
        const Outcome stopped = trial.verb({"stop"});
        ASSERT_EQ(stopped.exit_code, 0) << "round " << round << ": " << stopped << threads_of(trial.pid_in_file())
                                        << trial.log();
    }

    std::filesystem::remove(probing);
    for (const auto* probe : {&pid, &status, &wait}) {
        const Outcome outcome = (*probe)->finish();
        EXPECT_EQ(outcome.exit_code, 0) << outcome.out.substr(outcome.out.size() -
                                                              std::min<std::size_t>(outcome.out.size(), 500));
    }
}

TEST_F(LockRaceTest, AMovedPidfileAllowsNoSecondInstance) {
    RunningService service{trial};
    std::filesystem::rename(trial.pid_file(), directory.file("moved.pid"));

    const Outcome second = trial.verb({"start"});

    EXPECT_EQ(second.exit_code, 69) << second;
    EXPECT_THAT(second.err, HasSubstr("cannot listen on '" + trial.control_socket() + "': already served"));
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    stop();
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(LockRaceTest, AReaderThatLocksThePidfileIsNamedByPidAndUser) {
    if (!is_root()) GTEST_SKIP() << "only root can be another user";
    std::filesystem::create_directory(run);
    write_file(trial.pid_file(), "");
    ForkedChild reader{[this](Lines& parent) {
        become(stranger);
        const os::Descriptor file{::open(trial.pid_file().c_str(), O_RDONLY | O_CLOEXEC)};
        struct flock shared {};
        shared.l_type = F_RDLCK;
        parent.tell(::fcntl(file.get(), F_SETLK, &shared) == 0 ? "locked" : "failed");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(reader.hear(), "locked");
    const std::string who = "pid " + std::to_string(reader.pid());

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_EQ(started.err, "trial-service: cannot lock '" + trial.pid_file() + "': locked by " + who + " of user " +
                               std::to_string(stranger) + ", which is not an instance of it\n");
    const Outcome status = trial.verb({"status"});
    EXPECT_EQ(status.exit_code, 3);
    EXPECT_THAT(status.out, HasSubstr("locked by " + who));
    reader.end();
    EXPECT_EQ(trial.verb({"start"}).exit_code, 0);
    stop();
}

class PidNamespaceTest : public LockRaceTest {
protected:
    void SetUp() override {
        LockRaceTest::SetUp();
        if (run_command({.arguments = {"unshare", "--pid", "--fork", "true"}}).exit_code != 0)
            GTEST_SKIP() << "this user may not make a pid namespace";
    }

    /// Returns the command in a new pid namespace, in which our processes have other pids or none.
    [[nodiscard]] Command elsewhere(const Strings& arguments) const {
        Command command = trial.command(arguments);
        const Strings prefix{"unshare", "--pid", "--fork", "--kill-child"};
        command.arguments.insert(command.arguments.begin(), prefix.begin(), prefix.end());
        return command;
    }
};

TEST_F(PidNamespaceTest, AServiceWithoutAPidHereCountsAsRunning) {
    RunningService service{trial};

    const Outcome second = run_command(elsewhere({"start"}));
    const Outcome status = run_command(elsewhere({"status"}));
    const Outcome pid = run_command(elsewhere({"pid"}));

    EXPECT_EQ(second.exit_code, 69);
    EXPECT_EQ(second.err, already_running("an unknown process"));
    EXPECT_EQ(status.exit_code, 0) << status;
    EXPECT_EQ(pid.exit_code, 4);
    EXPECT_EQ(pid.err, "trial-service: running, but its pid is unknown\n");
    EXPECT_FALSE(service.has_ended());
}

TEST_F(PidNamespaceTest, AServiceWithoutAPidHereCanBeStoppedAndWaitedFor) {
    RunningService service{trial};

    const Outcome stopped = run_command(elsewhere({"stop"}));

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(PidNamespaceTest, AServiceOfAnotherNamespaceIsNamedByItsPidHere) {
    RunningCommand inner{elsewhere({"run"})};
    await_text_in(trial.log_file(), "ready");

    const Outcome second = trial.verb({"start"});
    const Outcome pid = trial.verb({"pid"});
    const Outcome status = trial.verb({"status", "--json"});

    EXPECT_EQ(trial.pid_in_file(), 1);
    EXPECT_THAT(status.out, StartsWith("{\"pid\":" + std::to_string(std::stol(pid.out)) + ","));
    EXPECT_THAT(status.out, HasSubstr("\"pid-inside\":1"));
    EXPECT_EQ(second.exit_code, 69);
    EXPECT_THAT(second.err, AllOf(HasSubstr("already running (pid "), Not(HasSubstr("(pid 1)"))));
    EXPECT_EQ(facts_of(static_cast<pid_t>(std::stol(pid.out)))->name, "trial-service");
    stop();
    EXPECT_EQ(inner.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
