// Everything between the command line and a running service, and all that can fail there.
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/turnstile.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/os/file_locks.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

Command slow_start(ServiceProgram& program, const Strings& options, const Turnstile& turnstile) {
    program.configure_app({{"start-waits-for-line", turnstile.path()}});
    Strings arguments{"start"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return program.command(arguments);
}

pid_t await_waiting(const ServiceProgram& program) {
    await_text_in(program.log_file(), "on_start waits");
    return program.pid_in_file();
}

/// A service that waits in its start event.
struct SlowStart {
    explicit SlowStart(ServiceProgram& program, const Strings& options = {})
        : turnstile{program.directory() + "/turnstile"},
          command{slow_start(program, options, turnstile)},
          service{await_waiting(program)} {}

    void go_on() const { turnstile.let_pass(); }

    Turnstile turnstile;
    RunningCommand command;  ///< the verb `start`
    Process service;
};

class StartTest : public ServiceTest {
protected:
    /// Checks that a start fails with this message and leaves nothing behind. TearDown() looks for processes.
    void expect_failure(const Outcome& start, int exit_code, const std::string& message) {
        EXPECT_EQ(start.exit_code, exit_code);
        EXPECT_EQ(start.err, "trial-service: " + message + "\n");
        EXPECT_THAT(start.out, IsEmpty());
        expect_nothing_left();
    }

    void expect_nothing_left() {
        EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0) << "the lock is still held";
        EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
        EXPECT_NE(std::filesystem::status(trial.control_socket()).type(), std::filesystem::file_type::socket);
    }

    /// Checks that nothing was made so far: neither a pidfile nor a log.
    void expect_nothing_begun() {
        EXPECT_FALSE(std::filesystem::exists(run));
        EXPECT_FALSE(std::filesystem::exists(trial.log_file()));
    }
};

TEST_F(StartTest, ReturnsWhenTheServiceRuns) {
    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 0) << started;
    EXPECT_THAT(started.out + started.err, IsEmpty());
    await_text_in(trial.log_file(), " ready\n");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(StartTest, ALoadThatThrowsFailsTheStart) {
    trial.configure_app({{"load-throws", true}});

    const Outcome start = trial.verb({"start"});

    expect_nothing_begun();
    expect_failure(start, 78, "cannot load the configuration: load throws on purpose");
}

TEST_F(StartTest, InvalidJsonIsReportedWithLineAndColumn) {
    trial.write_config("{\n  \"app\": {\"greeting\" \"hello\"}\n}\n");

    const Outcome start = trial.verb({"start"});

    EXPECT_EQ(start.exit_code, 78);
    EXPECT_THAT(start.err, StartsWith("trial-service: cannot load the configuration: " + trial.config_file() + ":2:"));
    expect_nothing_begun();
}

TEST_F(StartTest, AnUnknownSettingIsReportedWithItsPath) {
    trial.configure({{"log-levle", "debug"}});

    const Outcome start = trial.verb({"start"});

    EXPECT_EQ(start.exit_code, 78);
    EXPECT_THAT(start.err, AllOf(HasSubstr("/log-levle: unknown key"), HasSubstr("log-level")));
    expect_nothing_begun();
}

TEST_F(StartTest, AnUnknownKeyOfTheProgramIsReportedWithItsPath) {
    trial.configure_app({{"greting", "hello"}});

    const Outcome start = trial.verb({"start"});

    EXPECT_EQ(start.exit_code, 78);
    EXPECT_THAT(start.err, AllOf(HasSubstr("/app/greting: unknown key"), HasSubstr("greeting")));
    expect_nothing_begun();
}

TEST_F(StartTest, AWrongTypeIsReportedWithItsPath) {
    trial.configure_app({{"greeting", 7}});

    const Outcome start = trial.verb({"start"});

    EXPECT_EQ(start.exit_code, 78);
    EXPECT_THAT(start.err, HasSubstr("/app/greeting: expected a string, found an integer"));
    expect_nothing_begun();
}

TEST_F(StartTest, AMissingConfigFileIsNamed) {
    const Outcome start = trial.verb({"start", "--config", "nowhere.json"});

    EXPECT_EQ(start.exit_code, 78);
    EXPECT_THAT(start.err, AllOf(HasSubstr(directory.file("nowhere.json")), HasSubstr("No such file or directory")));
    expect_nothing_begun();
}

TEST_F(StartTest, ASecondStartIsRefused) {
    const RunningService service{trial};

    const Outcome second = trial.verb({"start"});

    EXPECT_EQ(second.exit_code, 69);
    EXPECT_EQ(second.err, "trial-service: cannot lock '" + trial.pid_file() + "': already running (pid " +
                              std::to_string(service.pid()) + ")\n");
    EXPECT_FALSE(service.has_ended());
    EXPECT_EQ(trial.pid_in_file(), service.pid());
}

TEST_F(StartTest, ARefusedStartPrintsOneErrorObject) {
    const RunningService service{trial};

    const Outcome second = trial.verb({"start", "--json"});

    EXPECT_EQ(second.exit_code, 69);
    const std::string message =
        "cannot lock '" + trial.pid_file() + "': already running (pid " + std::to_string(service.pid()) + ")";
    const Object error{{"code", "already-running"}, {"message", message}, {"exit-code", 69}};
    EXPECT_EQ(second.out, to_json(Object{{"error", error}}) + "\n");
}

// The first look misses it, so the service in the background meets it, and the process that the user started says so.
TEST_F(StartTest, AnInstanceThatTheFirstLookMissesIsReportedTheSame) {
    std::filesystem::create_directories(std::filesystem::path{trial.pid_file()}.parent_path());
    const auto held = os::posix_file_locks().try_lock(trial.pid_file(), 0644);
    ASSERT_TRUE(held && held->lock);
    static_cast<void>(read_file(trial.pid_file()));  // drops the lock of fcntl(2)
    const std::string message =
        "cannot lock '" + trial.pid_file() + "': already running (pid " + std::to_string(::getpid()) + ")";

    const Outcome text = trial.verb({"start"});
    EXPECT_EQ(text.exit_code, 69);
    EXPECT_EQ(text.err, "trial-service: " + message + "\n");

    const Outcome json = trial.verb({"start", "--json"});
    EXPECT_EQ(json.exit_code, 69);
    const Object error{{"code", "already-running"}, {"message", message}, {"exit-code", 69}};
    EXPECT_EQ(json.out, to_json(Object{{"error", error}}) + "\n");
}

TEST_F(StartTest, ACrashOfTheServiceFailsTheStart) {
    trial.configure_app({{"start-aborts", true}});

    const Outcome start = trial.verb({"start"});

    EXPECT_EQ(start.exit_code, 70);
    EXPECT_THAT(
        start.err,
        MatchesRegex("trial-service: cannot start 'trial-service': the service \\(pid [0-9]+\\) ended before it "
                     "was ready: crashed by SIGABRT \\(.*\\) in thread [0-9]+ \\(trial-service\\) in the event "
                     "'start'; the report is in '.*/trial-service.crash'; the log is '.*/log'\n"));
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0);
}

TEST_F(StartTest, LeftoversOfADeadServiceDoNotMatter) {
    trial.configure_app({{"start-aborts", true}});
    ASSERT_EQ(trial.verb({"start"}).exit_code, 70);
    ASSERT_TRUE(std::filesystem::exists(trial.control_socket()));
    trial.configure_app({});

    const RunningService service{trial};

    EXPECT_EQ(service.call("status").find("pid")->as<pid_t>(), service.pid());
}

TEST_F(StartTest, APidfileThatCannotBeCreatedFailsTheStart) {
    const std::string pid_file = directory.file("nowhere/trial.pid");

    const Outcome start = trial.verb({"start", "--pid-file", pid_file});

    expect_failure(start, 73, "cannot lock '" + pid_file + "': No such file or directory");
}

TEST_F(StartTest, ALogThatCannotBeOpenedFailsTheStart) {
    const Outcome start = trial.verb({"start", "--log-file", directory.file("nowhere/log")});

    expect_failure(start, 73,
                   "cannot open the log '" + directory.file("nowhere/log") + "': there is no directory '" +
                       directory.file("nowhere") + "'");
}

TEST_F(StartTest, AStartEventThatThrowsFailsTheStart) {
    trial.configure_app({{"start-throws", true}});

    const Outcome start = trial.verb({"start"});

    expect_failure(start, 70, "cannot start: start throws on purpose");
    EXPECT_THAT(trial.log(), HasSubstr(" error trial-service["));
    EXPECT_THAT(trial.log(), HasSubstr("cannot start: start throws on purpose\n"));
}

TEST_F(StartTest, AStartThatTakesTooLongFails) {
    trial.configure_app({{"start-hangs", true}});

    const Outcome start = trial.verb({"start", "--start-timeout", "0.3"});

    expect_failure(start, 75, "cannot start: starting took longer than 300 ms");
}

TEST_F(StartTest, AStopDuringTheStartEndsItBeforeItRuns) {
    SlowStart start{trial};

    start.service.signal(SIGTERM);
    await_text_in(trial.log_file(), "stopping: SIGTERM");
    start.go_on();

    expect_failure(start.command.finish(), 75, "cannot start: stopped while starting");
    EXPECT_EQ(start.service.exit_code(), 75);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
    EXPECT_THAT(trial.log(), Not(HasSubstr(" ready\n")));
}

TEST_F(StartTest, AStopEndsAStartThatHangs) {
    SlowStart start{trial, {"--stop-timeout", "0.3"}};

    start.service.signal(SIGTERM);

    expect_failure(start.command.finish(), 75, "cannot start: stopping took longer than 300 ms");
    EXPECT_EQ(start.service.exit_code(), 75);
}

TEST_F(StartTest, AKillDuringTheStartEndsIt) {
    SlowStart start{trial};

    start.service.signal(SIGINT);

    expect_failure(start.command.finish(), 75, "cannot start: killed while starting");
}

TEST_F(StartTest, AnInterruptedStartEndsTheService) {
    SlowStart start{trial};

    start.command.signal(SIGINT);
    await_text_in(trial.log_file(), "stopping: SIGTERM");
    start.go_on();
    const Outcome outcome = start.command.finish();

    EXPECT_EQ(outcome.exit_code, 75);
    EXPECT_THAT(outcome.err, StartsWith("trial-service: cannot start"));
    EXPECT_EQ(start.service.exit_code(), 75);
    expect_nothing_left();
}

TEST_F(StartTest, AKillOfTheStartingServiceIsReported) {
    SlowStart start{trial};

    start.service.signal(SIGKILL);
    const Outcome outcome = start.command.finish();

    EXPECT_EQ(outcome.exit_code, 70);
    EXPECT_EQ(outcome.err,
              "trial-service: cannot start 'trial-service': the service (pid " + std::to_string(start.service.pid()) +
                  ") was killed by signal 9 (SIGKILL) before it was ready, without saying why; the log is '" +
                  trial.log_file() + "'\n");
    EXPECT_TRUE(start.service.has_ended());
}

TEST_F(StartTest, AReloadDuringTheStartFollowsIt) {
    SlowStart start{trial};
    trial.configure_app({{"greeting", "good day"}});

    start.service.signal(SIGHUP);
    start.go_on();

    EXPECT_EQ(start.command.finish().exit_code, 0);
    await_text_in(trial.log_file(), "reload: SIGHUP");
    await_state("the greeting is new", [&] {
        return trial.verb({"status", "--json"}).out.find("good day") != std::string::npos;
    });
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(start.service.exit_code(), 0);
}

TEST_F(StartTest, TheStatusIsAnsweredDuringTheStart) {
    SlowStart start{trial};

    const Outcome status = trial.verb({"status", "--json"});
    const Outcome echo = trial.verb({"call", "echo"});
    start.go_on();

    EXPECT_EQ(status.exit_code, 0) << status;
    EXPECT_THAT(status.out, HasSubstr(R"("state":"starting")"));
    EXPECT_EQ(echo.exit_code, 1) << echo;
    EXPECT_THAT(echo.err, HasSubstr("not-ready"));
    EXPECT_EQ(start.command.finish().exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(StartTest, ASecondStartDuringTheFirstIsRefused) {
    SlowStart start{trial};

    const Outcome second = trial.verb({"start"});
    start.go_on();

    EXPECT_EQ(second.exit_code, 69) << second;
    EXPECT_EQ(start.command.finish().exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(StartTest, TheLogMustNotBeAnotherFileOfTheService) {
    trial.configure({});

    for (const std::string& path : {trial.pid_file(), trial.control_socket(), trial.config_file()}) {
        const Outcome start = trial.verb({"start", "--log-file", path});
        EXPECT_EQ(start.exit_code, 78) << start;
        EXPECT_THAT(start.err, StartsWith("trial-service: cannot log to '" + path + "': it is "));
        EXPECT_EQ(trial.verb({"check", "--log-file", path}).exit_code, 78);
    }
    expect_nothing_begun();
}

}  // namespace
}  // namespace servicekit::test
