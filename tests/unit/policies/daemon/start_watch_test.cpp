#include "policies/daemon/start_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_pipes.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_process_table.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;
using os::PipeReading;
using ::testing::_;
using ::testing::InSequence;
using ::testing::NiceMock;
using ::testing::Return;

constexpr pid_t child = 4711;
constexpr pid_t daemon_pid = 4712;

const std::string born = to_line(Born{daemon_pid});
const std::string ready = to_line(Ready{});
const std::string stopped = to_line(Error{.exit_code = ExitCode::timeout, .action = "start", .reason = "stopped"});

PipeReading text(std::string text) { return {.text = std::move(text)}; }
PipeReading closed() { return {.end = PipeReading::End::closed}; }
PipeReading timed_out() { return {.end = PipeReading::End::timed_out}; }
PipeReading interrupted() { return {.end = PipeReading::End::interrupted}; }

class StartWatchTest : public ::testing::Test {
protected:
    /// Sets the results of successive reads from the pipe.
    template <class... Readings>
    void pipe_gives(Readings... readings) {
        const InSequence sequence;
        (static_cast<void>(EXPECT_CALL(pipe, read_line).WillOnce(Return(readings))), ...);
    }

    Result<Role> wait() {
        return StartWatch{"x",       child, {.until_ready = 95s, .until_ended = 13s, .grace = 5s}, pipe, process,
                          processes, clock}
            .wait();
    }

    NiceMock<mocks::MockPipe> pipe;
    NiceMock<mocks::MockProcess> process;
    NiceMock<mocks::MockProcessTable> processes;
    NiceMock<mocks::MockClock> clock;
};

TEST_F(StartWatchTest, EndsWhenTheServiceIsReady) {
    pipe_gives(text(born), text(ready));
    EXPECT_CALL(processes, signal).Times(0);
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, WaitsLongerIfTheStartMakesProgress) {
    const InSequence sequence;
    EXPECT_CALL(pipe, read_line(95'000ms)).WillOnce(Return(text(born)));
    EXPECT_CALL(pipe, read_line(95'000ms)).WillOnce(Return(text(to_line(Extended{25s}))));
    EXPECT_CALL(pipe, read_line(95'000ms)).WillOnce(Return(text(to_line(Extended{120s}))));
    EXPECT_CALL(pipe, read_line(125'000ms)).WillOnce(Return(text(ready)));
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, ProgressAtTheLastMomentKeepsTheServiceAlive) {
    pipe_gives(text(born), timed_out(), text(to_line(Extended{25s})), text(ready));
    EXPECT_CALL(processes, signal(daemon_pid, SIGKILL, _))
        .WillOnce([](pid_t, int, const std::function<bool()>& still_it) {
            EXPECT_FALSE(still_it());
            return Result<bool>{false};
        });
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, ReapsTheIntermediateProcessOnce) {
    pipe_gives(text(born), text(ready));
    EXPECT_CALL(process, wait_for_child(child)).Times(1);
    EXPECT_TRUE(wait());
}

TEST_F(StartWatchTest, ReadsSeveralReportsAtOnce) {
    pipe_gives(text(born + ready));
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, ReadsReportsInPieces) {
    pipe_gives(text(born + ready.substr(0, 3)), text(ready.substr(3)));
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, IgnoresALineThatIsNotAReport) {
    pipe_gives(text(born + "\nwarning: deprecated\n" + ready));
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, ReturnsTheErrorOfTheService) {
    pipe_gives(text(born), text(to_line(os_error("open", "/var/log/x.log", EACCES))));
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::permission);
    EXPECT_EQ(error.message(), "cannot open '/var/log/x.log': Permission denied");
    EXPECT_EQ(error.errno_value, EACCES);
}

TEST_F(StartWatchTest, ReturnsTheErrorOfTheIntermediateProcess) {
    pipe_gives(text(to_line(os_error("fork", "", EAGAIN))));
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_EQ(wait().error().exit_code, ExitCode::os);
}

TEST_F(StartWatchTest, ReportsAServiceThatEndedWithoutAReport) {
    pipe_gives(text(born), closed());
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_CALL(process, wait_for_child(daemon_pid)).WillOnce(Return(Result<int>{os_error("wait", "", ECHILD)}));
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::internal);
    EXPECT_EQ(error.message(),
              "cannot start 'x': the service (pid 4712) ended before it was ready, without saying why");
}

TEST_F(StartWatchTest, ReportsHowTheServiceEnded) {
    for (const auto& [status, words] :
         {std::pair{SIGKILL, "was killed by signal 9 (SIGKILL) before it was ready, without saying why"},
          {SIGSEGV, "was killed by signal 11 (SIGSEGV) before it was ready"},
          {SIGRTMIN + 1, "was killed by signal 35 (a signal) before it was ready"},
          {3 << 8, "ended with exit code 3 before it was ready, without saying why"}}) {
        pipe_gives(text(born), closed());
        EXPECT_CALL(processes, wait_for_end(daemon_pid, _));
        EXPECT_CALL(process, wait_for_child(child)).WillOnce(Return(Result<int>{0}));
        EXPECT_CALL(process, wait_for_child(daemon_pid)).WillOnce(Return(Result<int>{status}));
        const Error error = wait().error();
        EXPECT_EQ(error.exit_code, ExitCode::internal);
        EXPECT_EQ(error.reason, std::string{"the service (pid 4712) "} + words);
    }
}

TEST_F(StartWatchTest, ReportsTheCrashAndTheLog) {
    pipe_gives(
        text(born + to_line(LogsTo{"/var/log/x.log"})),
        text("\n" + to_line(Crashed{"crashed by SIGSEGV in the event 'start'; the report is in '/run/x.crash'"})),
        closed());
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_CALL(process, wait_for_child(daemon_pid)).WillOnce(Return(Result<int>{SIGSEGV}));
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::internal);
    EXPECT_EQ(
        error.reason,
        "the service (pid 4712) ended before it was ready: crashed by SIGSEGV in the event 'start'; the report is "
        "in '/run/x.crash'; the log is '/var/log/x.log'");
}

TEST_F(StartWatchTest, NamesTheLogIfThereIsNoReason) {
    pipe_gives(text(born + to_line(LogsTo{"/var/log/x.log"})), closed());
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_CALL(process, wait_for_child(daemon_pid)).WillOnce(Return(Result<int>{SIGKILL}));
    EXPECT_THAT(wait().error().reason, ::testing::EndsWith("without saying why; the log is '/var/log/x.log'"));
}

TEST_F(StartWatchTest, AServiceThatOutlivesItsCrashMayBecomeReady) {
    pipe_gives(text(born), text(to_line(Crashed{"crashed by SIGSEGV"})), text(ready));
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, ReportsARunningServiceThatClosedThePipe) {
    pipe_gives(text(born), closed());
    EXPECT_CALL(processes, wait_for_end(daemon_pid, _)).WillOnce(Return(false));
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_CALL(process, wait_for_child(daemon_pid)).Times(0);
    EXPECT_EQ(wait().error().reason,
              "the service (pid 4712) closed the pipe by which it reports that it is ready, and still runs");
}

TEST_F(StartWatchTest, ReportsThatTheIntermediateProcessWasKilled) {
    pipe_gives(closed());
    EXPECT_CALL(process, wait_for_child(child)).WillOnce(Return(Result<int>{SIGABRT}));
    EXPECT_EQ(wait().error().reason, "the process that was to fork the service was killed by signal 6 (SIGABRT)");
}

TEST_F(StartWatchTest, ReportsAServiceThatEndedWithinAReport) {
    pipe_gives(text(born), PipeReading{.end = PipeReading::End::closed, .text = "{\"exit-code\":7"});
    EXPECT_EQ(wait().error().exit_code, ExitCode::internal);
}

TEST_F(StartWatchTest, ReapsAnIntermediateProcessThatEndedSilently) {
    pipe_gives(closed());
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_EQ(wait().error().reason, "the service ended before it was ready, without saying why");
}

TEST_F(StartWatchTest, WaitsUntilTheTotalLimit) {
    const std::chrono::steady_clock::time_point start{1h};
    EXPECT_CALL(clock, steady_now)
        .WillOnce(Return(start))
        .WillOnce(Return(start))
        .WillOnce(Return(start + 20s))
        .WillOnce(Return(start + 96s));
    const InSequence sequence;
    EXPECT_CALL(pipe, read_line(95'000ms)).WillOnce(Return(text(born)));
    EXPECT_CALL(pipe, read_line(75'000ms)).WillOnce(Return(text("\n")));
    EXPECT_CALL(pipe, read_line(0ms)).WillOnce(Return(text(ready)));
    EXPECT_TRUE(wait());
}

TEST_F(StartWatchTest, LimitsTheWaitToAYear) {
    EXPECT_CALL(pipe, read_line(std::chrono::milliseconds{24h * 365})).WillOnce(Return(text(born + ready)));
    const StartWatch::Limits endless{.until_ready = std::chrono::milliseconds::max(), .until_ended = 13s};
    EXPECT_TRUE((StartWatch{"x", child, endless, pipe, process, processes, clock}.wait()));
}

TEST_F(StartWatchTest, KillsALateService) {
    pipe_gives(text(born), timed_out(), timed_out());
    const InSequence sequence;
    EXPECT_CALL(processes, signal(daemon_pid, SIGKILL, _));
    EXPECT_CALL(processes, wait_for_end(daemon_pid, _));
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::timeout);
    EXPECT_EQ(error.message(), "cannot start 'x': it was not ready within 95 s, so it was killed (pid 4712)");
}

TEST_F(StartWatchTest, SparesAServiceThatIsReadyAtTheLastInstant) {
    pipe_gives(text(born), timed_out(), text(ready));
    EXPECT_CALL(processes, signal(daemon_pid, SIGKILL, _))
        .WillOnce([](pid_t, int, const std::function<bool()>& still_meant) {
            EXPECT_FALSE(still_meant());
            return Result<bool>{false};
        });
    EXPECT_CALL(processes, wait_for_end).Times(0);
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, KillsNoOtherProcessIfTheServiceJustEnded) {
    pipe_gives(text(born), timed_out(), closed());
    EXPECT_CALL(processes, signal(daemon_pid, SIGKILL, _))
        .WillOnce([](pid_t, int, const std::function<bool()>& still_meant) {
            EXPECT_FALSE(still_meant());
            return Result<bool>{false};
        });
    EXPECT_EQ(wait().error().exit_code, ExitCode::internal);
}

TEST_F(StartWatchTest, ReportsALateServiceThatCannotBeKilled) {
    pipe_gives(text(born), timed_out());
    EXPECT_CALL(processes, signal).WillOnce([] { return Result<bool>{os_error("signal", "4712", EPERM)}; });
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::timeout);
    EXPECT_EQ(error.reason, "it was not ready within 95 s, and can't be killed: Operation not permitted (pid 4712)");
}

TEST_F(StartWatchTest, KillsALateIntermediateProcess) {
    pipe_gives(timed_out());
    const InSequence sequence;
    EXPECT_CALL(processes, signal(child, SIGKILL, _))
        .WillOnce([](pid_t, int, const std::function<bool()>& still_meant) { return Result<bool>{still_meant()}; });
    EXPECT_CALL(process, wait_for_child(child));
    EXPECT_EQ(wait().error().reason, "it was not ready within 95 s, so it was killed");
}

TEST_F(StartWatchTest, InterruptedEndsTheServiceAndReturnsItsResult) {
    pipe_gives(text(born), interrupted(), timed_out(), text(stopped));
    EXPECT_CALL(processes, signal(daemon_pid, SIGTERM, _));
    EXPECT_CALL(processes, signal(_, SIGKILL, _)).Times(0);
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::timeout);
    EXPECT_EQ(error.reason, "stopped");
}

TEST_F(StartWatchTest, InterruptedBeforeThePidIsKnownWaitsForIt) {
    pipe_gives(interrupted(), text(born), timed_out(), text(stopped));
    EXPECT_CALL(processes, signal(daemon_pid, SIGTERM, _));
    EXPECT_EQ(wait().error().exit_code, ExitCode::timeout);
}

TEST_F(StartWatchTest, InterruptedTwiceSignalsOnce) {
    pipe_gives(text(born), interrupted(), timed_out(), interrupted(), text(stopped));
    EXPECT_CALL(processes, signal(daemon_pid, SIGTERM, _)).Times(1);
    EXPECT_EQ(wait().error().reason, "stopped");
}

TEST_F(StartWatchTest, InterruptedWaitsUntilTheServiceShouldHaveEnded) {
    InSequence sequence;
    EXPECT_CALL(pipe, read_line(95'000ms)).WillOnce(Return(text(born)));
    EXPECT_CALL(pipe, read_line(95'000ms)).WillOnce(Return(interrupted()));
    EXPECT_CALL(pipe, read_line(0ms)).WillOnce(Return(timed_out()));
    EXPECT_CALL(pipe, read_line(13'000ms)).WillOnce(Return(text(stopped)));
    EXPECT_FALSE(wait());
}

TEST_F(StartWatchTest, InterruptedReportsAServiceThatEndsSilently) {
    pipe_gives(text(born), interrupted(), timed_out(), closed());
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::timeout);
    EXPECT_EQ(error.message(), "cannot start 'x': interrupted (pid 4712)");
}

TEST_F(StartWatchTest, InterruptedReportsACrashOfTheService) {
    pipe_gives(text(born), interrupted(), timed_out(), text(to_line(Crashed{"crashed by SIGSEGV"})), closed());
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::timeout);
    EXPECT_EQ(error.reason, "interrupted, and the service (pid 4712) ended before it was ready: crashed by SIGSEGV");
}

TEST_F(StartWatchTest, InterruptedIsAFailureEvenIfTheServiceBecomesReady) {
    pipe_gives(text(born), interrupted(), timed_out(), text(ready));
    EXPECT_CALL(processes, signal(daemon_pid, SIGTERM, _));
    EXPECT_EQ(wait().error().exit_code, ExitCode::timeout);
}

TEST_F(StartWatchTest, InterruptedTooLateIsASuccess) {
    pipe_gives(text(born), interrupted(), text(ready));
    EXPECT_CALL(processes, signal(daemon_pid, SIGTERM, _))
        .WillOnce([](pid_t, int, const std::function<bool()>& still_meant) { return Result<bool>{still_meant()}; });
    EXPECT_EQ(wait().value(), Role::parent);
}

TEST_F(StartWatchTest, InterruptedKillsAServiceThatDoesNotEnd) {
    pipe_gives(text(born), interrupted(), timed_out(), timed_out(), timed_out());
    const InSequence sequence;
    EXPECT_CALL(processes, signal(daemon_pid, SIGTERM, _));
    EXPECT_CALL(processes, signal(daemon_pid, SIGKILL, _));
    const Error error = wait().error();
    EXPECT_EQ(error.exit_code, ExitCode::timeout);
    EXPECT_EQ(error.reason, "interrupted, and it did not end within 13 s, so it was killed (pid 4712)");
}

TEST_F(StartWatchTest, LimitsBelowASecondAreReportedExactly) {
    pipe_gives(text(born), timed_out(), timed_out());
    const StartWatch::Limits short_ones{.until_ready = 1'500ms, .until_ended = 13s};
    const auto result = StartWatch{"x", child, short_ones, pipe, process, processes, clock}.wait();
    EXPECT_EQ(result.error().reason, "it was not ready within 1500 ms, so it was killed (pid 4712)");
}

}  // namespace
}  // namespace servicekit::policies
