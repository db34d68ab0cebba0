// Signals that arrive while a service loads. They wait until the load has ended, except SIGINT, which ends it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>

#include "integration/support/service_test.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The process in which the load event runs: before the last fork or after it.
enum class LoadRuns { before_the_fork, in_the_service };

class LoadSignalsTest : public ServiceTest, public testing::WithParamInterface<LoadRuns> {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (GetParam() == LoadRuns::in_the_service) trial.add_variable("TRIAL_LOADS_IN_SERVICE", "1");
        ASSERT_EQ(::mkfifo(gate_.c_str(), 0600), 0);
        trial.configure_app({{"load-waits-for-line", gate_}});
    }

    /// Returns once a load waits. \returns the descriptor; the load continues when it is closed
    [[nodiscard]] os::Descriptor await_load() const {
        os::Descriptor gate;
        await_state("a load waits", [&] {
            gate.reset(::open(gate_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
            return static_cast<bool>(gate);
        });
        return gate;
    }
    void let_one_load_pass() const { static_cast<void>(await_load()); }

    /// Returns true for the process that loads: either the process that the user started, or the service, whose session
    /// belongs to the intermediate process.
    [[nodiscard]] static bool is_loading(const ProcessFacts& facts, const RunningCommand& start) {
        if (GetParam() == LoadRuns::before_the_fork) return facts.pid == start.pid();
        return facts.session != ::getsid(0) && facts.session != facts.pid;
    }

    void expect_nothing_left() const {
        EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0);
        EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
        EXPECT_FALSE(std::filesystem::exists(trial.control_socket()));
    }

private:
    std::string gate_ = directory.file("gate");
};

TEST_P(LoadSignalsTest, HupAndUsr1InTheForegroundAreServedAfterTheStart) {
    RunningCommand service{trial.command({"run"})};
    {
        const auto gate = await_load();
        service.signal(SIGHUP);
        service.signal(SIGUSR1);
        service.signal(SIGHUP);
    }

    await_text_in(trial.log_file(), "reload: SIGHUP");
    await_text_in(trial.log_file(), "log reopened: SIGUSR1");
    EXPECT_THAT(trial.log(), HasSubstr(" ready\n"));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_P(LoadSignalsTest, TermAndAbrtInTheForegroundEndTheStartAfterTheLoad) {
    for (const int number : {SIGTERM, SIGABRT}) {
        RunningCommand service{trial.command({"run"})};
        {
            const auto gate = await_load();
            service.signal(number);
            EXPECT_FALSE(service.has_ended());
        }

        const Outcome outcome = service.finish();
        EXPECT_EQ(outcome.exit_code, 75) << outcome;
        EXPECT_THAT(outcome.err,
                    AllOf(HasSubstr("trial-service: cannot start: stopped by SIG"), HasSubstr("from uid")));
        expect_nothing_left();
    }
}

TEST_P(LoadSignalsTest, IntInTheForegroundEndsTheLoadAtOnce) {
    RunningCommand service{trial.command({"run"})};
    const auto gate = await_load();

    service.signal(SIGINT);

    EXPECT_EQ(service.finish().exit_code, 130);
    expect_nothing_left();
}

TEST_P(LoadSignalsTest, ChildrenOfTheLoadStartWithACleanMask) {
    const std::string report = directory.file("report");
    trial.configure_app({{"load-runs", "grep -E '^Sig(Blk|Ign)' /proc/self/status >" + report}});
    RunningCommand service{trial.command({"run"})};
    await_text_in(trial.log_file(), " ready\n");

    std::istringstream lines{read_file(report)};
    std::string blocked;
    std::string ignored;
    lines >> blocked >> blocked >> ignored >> ignored;
    EXPECT_EQ(std::stoull(blocked, nullptr, 16), 0U);
    const std::uint64_t set = std::stoull(ignored, nullptr, 16);
    for (const int number : {SIGHUP, SIGTERM, SIGABRT, SIGINT, SIGUSR1, SIGXFSZ, SIGXCPU, SIGCHLD})
        EXPECT_EQ(set >> (number - 1) & 1U, 0U) << number;
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_P(LoadSignalsTest, AsPid1TermEndsTheStartAndIntEndsTheLoad) {
    const Strings container{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
    const auto in_container = [&](Command command) {
        command.arguments.insert(command.arguments.begin(), container.begin(), container.end());
        return command;
    };
    if (run_command(in_container({.arguments = {"true"}})).exit_code != 0)
        GTEST_SKIP() << "this user may not make a pid namespace";
    for (const auto& [number, exit_code] : {std::pair{SIGTERM, 75}, std::pair{SIGINT, 130}}) {
        RunningCommand outside{in_container(trial.command({"run"}))};
        {
            const auto gate = await_load();
            for (const ProcessFacts& facts : descendants())
                if (facts.parent == outside.pid()) Process{facts.pid}.signal(number);
            // SIGINT ends the load at once, so the test need not let it continue.
            if (number == SIGINT) await_state("it has ended", [&] { return outside.has_ended(); });
        }
        EXPECT_EQ(outside.finish().exit_code, exit_code);
    }
}

TEST_P(LoadSignalsTest, TermInTheBackgroundEndsTheStart) {
    RunningCommand start{trial.command({"start"})};
    {
        const auto gate = await_load();
        for (const ProcessFacts& facts : descendants())
            if (is_loading(facts, start)) Process{facts.pid}.signal(SIGTERM);
    }

    const Outcome outcome = start.finish();
    EXPECT_EQ(outcome.exit_code, 75) << outcome;
    expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Loads, LoadSignalsTest, testing::Values(LoadRuns::before_the_fork, LoadRuns::in_the_service),
                         [](const auto& info) {
                             return info.param == LoadRuns::before_the_fork ? "BeforeTheFork" : "InTheService";
                         });

using LoadBeforeTheForkTest = LoadSignalsTest;

TEST_P(LoadBeforeTheForkTest, HupAndUsr1InTheBackgroundAreServedAfterTheStart) {
    RunningCommand start{trial.command({"start"})};
    {
        const auto gate = await_load();
        start.signal(SIGHUP);
        start.signal(SIGUSR1);
    }

    const Outcome outcome = start.finish();
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    await_text_in(trial.log_file(), "reload: SIGHUP");
    await_text_in(trial.log_file(), "log reopened: SIGUSR1");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_P(LoadBeforeTheForkTest, IntInTheBackgroundEndsTheLoadAtOnce) {
    RunningCommand start{trial.command({"start"})};
    const auto gate = await_load();

    start.signal(SIGINT);

    EXPECT_EQ(start.finish().exit_code, 130);
    expect_nothing_left();
}

TEST_P(LoadBeforeTheForkTest, ARestartStoppedDuringItsLoadKeepsTheService) {
    RunningCommand start{trial.command({"start"})};
    let_one_load_pass();
    ASSERT_EQ(start.finish().exit_code, 0);
    const pid_t before = trial.pid_in_file();

    RunningCommand restart{trial.command({"restart"})};
    {
        const auto gate = await_load();
        restart.signal(SIGHUP);
        restart.signal(SIGTERM);
    }

    const Outcome outcome = restart.finish();
    EXPECT_EQ(outcome.exit_code, 75) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("stopped by SIGTERM"));
    EXPECT_EQ(trial.pid_in_file(), before);
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 1);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_P(LoadBeforeTheForkTest, VerbsThatTalkToAServiceKeepTheDefaultActions) {
    trial.add_variable("TRIAL_LOADS_AS_CLIENT", "1");
    for (const int number : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) {
        // The verb runs the load event, because otherwise it does not know where the reports are.
        RunningCommand crashes{trial.command({"crashes"})};
        const auto gate = await_load();

        crashes.signal(number);

        EXPECT_EQ(crashes.finish().exit_code, 128 + number);
    }
}

INSTANTIATE_TEST_SUITE_P(Loads, LoadBeforeTheForkTest, testing::Values(LoadRuns::before_the_fork));

}  // namespace
}  // namespace servicekit::test
