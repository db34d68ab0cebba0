// stop, kill and restart of a service that is hard to end.
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class EndingVerbsTest : public ServiceTest {};

TEST_F(EndingVerbsTest, StopWithoutWaitReturnsAtOnce) {
    trial.configure_app({{"stop-hangs", true}});
    RunningService service{trial, {"--stop-timeout", "3600"}};

    const Outcome stopped = trial.verb({"stop", "--no-wait"});

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 1);
}

TEST_F(EndingVerbsTest, StopReportsThatTheServiceStillRuns) {
    trial.configure_app({{"stop-hangs", true}});
    RunningService service{trial, {"--stop-timeout", "3600"}};

    const Outcome stopped = trial.verb({"stop", "--timeout", "0.3"});

    EXPECT_EQ(stopped.exit_code, 75);
    EXPECT_EQ(stopped.err, "trial-service: still running (pid " + std::to_string(service.pid()) + ")\n");
}

TEST_F(EndingVerbsTest, StopNeedsNoSocket) {
    RunningService service{trial};
    fs::remove(trial.control_socket());

    const Outcome stopped = trial.verb({"stop"});

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("stopping: SIGTERM"));
}

TEST_F(EndingVerbsTest, KillNeedsNoSocket) {
    RunningService service{trial};
    fs::remove(trial.control_socket());

    const Outcome killed = trial.verb({"kill"});

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("killed: SIGINT"));
}

TEST_F(EndingVerbsTest, StopReportsThatAFrozenServiceStillRuns) {
    RunningService service{trial};
    service.signal(SIGSTOP);

    const Outcome stopped = trial.verb({"stop", "--timeout", "0.3"});

    EXPECT_EQ(stopped.exit_code, 75) << stopped;
    service.signal(SIGCONT);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(EndingVerbsTest, KillEndsEvenAFrozenService) {
    RunningService service{trial};
    service.signal(SIGSTOP);

    const Outcome killed = trial.verb({"kill"});

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 128 + SIGKILL);
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0);
}

TEST_F(EndingVerbsTest, RestartStartsANewInstance) {
    RunningService old_one{trial};

    const Outcome restarted = trial.verb({"restart"});

    EXPECT_EQ(restarted.exit_code, 0) << restarted;
    EXPECT_EQ(old_one.exit_code(), 0);
    EXPECT_NE(trial.pid_in_file(), old_one.pid());
    EXPECT_THAT(trial.verb({"pid"}).out, MatchesRegex("[0-9]+\n"));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(EndingVerbsTest, ARestartKeepsTheNameAndTheCommandLine) {
    const auto called = [this](const std::string& file) { return read_file(proc(trial.pid_in_file(), file)); };
    EXPECT_EQ(trial.verb({"start"}).exit_code, 0);
    const std::string command_line = called("cmdline");
    const std::string name = called("comm");

    EXPECT_EQ(trial.verb({"restart"}).exit_code, 0);

    EXPECT_EQ(called("cmdline"), command_line);
    EXPECT_EQ(called("comm"), name);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(EndingVerbsTest, RestartStartsTheServiceIfNoneRuns) {
    EXPECT_EQ(trial.verb({"restart"}).exit_code, 0);

    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(EndingVerbsTest, RestartWithABrokenConfigurationStopsNothing) {
    const RunningService service{trial};
    trial.write_config("{");

    const Outcome restarted = trial.verb({"restart"});

    EXPECT_EQ(restarted.exit_code, 78);
    EXPECT_THAT(restarted.out, IsEmpty());
    EXPECT_FALSE(service.has_ended());
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 1);
}

TEST_F(EndingVerbsTest, RestartUsesTheNewConfiguration) {
    RunningService old_one{trial};
    trial.configure_app({{"greeting", "good day"}});

    EXPECT_EQ(trial.verb({"restart"}).exit_code, 0);

    EXPECT_THAT(trial.verb({"status"}).out, HasSubstr("good day"));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
