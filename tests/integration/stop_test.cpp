// How a running service ends, and what it leaves behind.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/turnstile.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class StopTest : public ServiceTest {
protected:
    void expect_tidy_end() {
        EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0) << "the lock is still held";
        EXPECT_TRUE(std::filesystem::exists(trial.pid_file()));  // emptied, but never removed
        EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
        EXPECT_FALSE(std::filesystem::exists(trial.control_socket()));
    }

    /// Runs a service in the foreground, stops it with TERM once it is ready, and returns what it printed.
    Outcome run_and_stop(const Strings& options = {}) {
        Strings arguments{"run"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        RunningCommand service{trial.command(arguments)};
        await_text_in(trial.log_file(), " ready\n");
        service.signal(SIGTERM);
        return service.finish();
    }
};

TEST_F(StopTest, RunsTheStopEventAndCleansUp) {
    RunningService service{trial};

    const Outcome stopped = trial.verb({"stop"});

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    expect_tidy_end();
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
    EXPECT_THAT(trial.log(), Not(HasSubstr("on_kill ran")));
}

TEST_F(StopTest, AStopEventThatThrowsIsLogged) {
    trial.configure_app({{"stop-throws", true}});
    RunningService service{trial};

    const Outcome stopped = trial.verb({"stop"});

    EXPECT_EQ(stopped.exit_code, 70) << stopped;
    EXPECT_THAT(stopped.err, HasSubstr("), but not cleanly: cannot stop: stop throws on purpose\n"));
    expect_tidy_end();
    EXPECT_EQ(service.exit_code(), 70);
    EXPECT_THAT(trial.log(), HasSubstr("cannot stop: stop throws on purpose"));
}

TEST_F(StopTest, ARestartStartsAfterAnUncleanStop) {
    trial.configure_app({{"stop-throws", true}});
    RunningService service{trial};

    const Outcome restarted = trial.verb({"restart"});

    EXPECT_EQ(restarted.exit_code, 0) << restarted;
    EXPECT_THAT(restarted.err, HasSubstr("), but not cleanly: cannot stop: stop throws on purpose\n"));
    EXPECT_EQ(service.exit_code(), 70);
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 70);
}

TEST_F(StopTest, AStopEventThatThrowsIsReportedOnStderrInTheForeground) {
    trial.configure_app({{"stop-throws", true}});
    const Outcome ended = run_and_stop();

    EXPECT_EQ(ended.exit_code, 70);
    EXPECT_EQ(ended.err, "trial-service: cannot stop: stop throws on purpose\n");
    expect_tidy_end();
}

TEST_F(StopTest, AStopThatTakesTooLongIsCutShort) {
    trial.configure_app({{"stop-hangs", true}});
    const Outcome ended = run_and_stop({"--stop-timeout", "0.3"});

    EXPECT_EQ(ended.exit_code, 70);
    EXPECT_EQ(ended.err, "trial-service: cannot stop: stopping took longer than 300 ms\n");
    expect_tidy_end();
}

TEST_F(StopTest, NeverRunsTheStopEventDuringAHungHandler) {
    RunningService service{trial, {"--stop-timeout", "0.3"}};
    RunningCommand hanging{trial.command({"call", "hang"})};
    service.await_busy("hang");

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 70);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop is skipped: 'hang' still runs"));
    EXPECT_THAT(trial.log(), HasSubstr("stopping took longer than 300 ms; 'hang' still runs"));
    EXPECT_THAT(trial.log(), Not(HasSubstr("on_stop ran")));
    expect_tidy_end();
    EXPECT_NE(hanging.finish().exit_code, 0);
}

/// The parameter is the number of TERMs. A second TERM changes nothing.
class StopDuringAnEventTest : public StopTest, public testing::WithParamInterface<int> {};

TEST_P(StopDuringAnEventTest, WaitsForTheEventToReply) {
    const Turnstile turnstile{directory.file("turnstile")};
    RunningService service{trial};
    RunningCommand reading{trial.command({"call", "read-line", "path=turnstile"})};
    service.await_busy("read-line");

    service.signal(SIGTERM);
    service.await_log("stopping: SIGTERM");
    if (GetParam() > 1) service.signal(SIGTERM);
    turnstile.let_pass();

    EXPECT_EQ(reading.finish().out, "{\"line\":\"\"}\n");
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
}
INSTANTIATE_TEST_SUITE_P(Terms, StopDuringAnEventTest, testing::Values(1, 2));

TEST_F(StopTest, AnIntEndsAStopThatHangs) {
    trial.configure_app({{"stop-hangs", true}});
    RunningService service{trial, {"--stop-timeout", "3600"}};
    service.signal(SIGTERM);
    service.await_log("stopping: SIGTERM");

    service.signal(SIGINT);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("killed: SIGINT"));
    expect_tidy_end();
}

TEST_F(StopTest, KillRunsTheKillEventAndCleansUp) {
    RunningService service{trial};

    const Outcome killed = trial.verb({"kill"});

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_kill ran"));
    EXPECT_THAT(trial.log(), Not(HasSubstr("on_stop ran")));
    expect_tidy_end();
}

TEST_F(StopTest, AKillEventThatHangsIsAbandonedAfterASecond) {
    trial.configure_app({{"kill-hangs", true}});
    RunningService service{trial};

    EXPECT_EQ(trial.verb({"kill"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_kill took longer than 1 s and is left"));
    expect_tidy_end();
}

TEST_F(StopTest, AKillEventThatThrowsIsLoggedAndTheServiceEnds) {
    trial.configure_app({{"kill-throws", true}});
    RunningService service{trial};

    EXPECT_EQ(trial.verb({"kill"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("event 'kill' failed: kill throws on purpose"));
    expect_tidy_end();
}

TEST_F(StopTest, KillDoesNotWaitForAHungHandler) {
    RunningService service{trial};
    RunningCommand hanging{trial.command({"call", "hang"})};
    service.await_busy("hang");

    const Outcome killed = trial.verb({"kill"});

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 0);  // so SIGKILL was not needed
    EXPECT_THAT(trial.log(), HasSubstr("on_kill is skipped: 'hang' still runs"));
    expect_tidy_end();
    EXPECT_NE(hanging.finish().exit_code, 0);
}

// A file on a dead server hangs. So does a full FIFO whose reader does not read.
TEST_F(StopTest, AHungLogDoesNotPreventTheStop) {
    for (const int signal : {SIGTERM, SIGINT}) {
        SCOPED_TRACE(signal);
        const std::string fifo = directory.file("fifo" + std::to_string(signal));
        ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        const os::Descriptor reader{::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
        ServiceProgram logging = trial;
        logging.add_options({"--log-file", fifo, "--stop-timeout", "1"});
        RunningService service{logging};
        while (::write(reader.get(), "x", 1) == 1) {
        }
        service.signal(signal);

        EXPECT_THAT(service.exit_code(), AnyOf(0, 70, 128 + SIGKILL));

        EXPECT_EQ(logging.verb({"wait", "--test"}).exit_code, 0) << "the lock is still held";
    }
}

TEST_F(StopTest, KillEndsAServiceThatSpins) {
    RunningService service{trial};
    RunningCommand spinning{trial.command({"call", "spin"})};
    service.await_busy("spin");

    EXPECT_EQ(trial.verb({"kill"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_NE(spinning.finish().exit_code, 0);
}

// A SIGABRT from outside stops the service. abort() in the program still kills it.
TEST_F(StopTest, AbortInTheProgramStillEndsItWithThatSignal) {
    RunningService service{trial};

    const Outcome aborted = trial.verb({"call", "abort"});

    EXPECT_NE(aborted.exit_code, 0);
    EXPECT_EQ(service.exit_code(), 128 + SIGABRT);
}

TEST_F(StopTest, ASignalEndsTheForegroundCleanly) {
    const Outcome ended = run_and_stop();

    EXPECT_EQ(ended.exit_code, 0) << ended;
    EXPECT_THAT(ended.err, IsEmpty());
    expect_tidy_end();
}

}  // namespace
}  // namespace servicekit::test
