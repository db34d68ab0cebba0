#include "servicekit/policies/log/pipe_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using How = os::ProgramEnd::How;

class PipeLogTest : public ::testing::Test {
protected:
    PipeLogTest() { deployment.name = "trial"; }

    /// Opens the log as a service does, before its threads run.
    Result<void> open() {
        log = std::make_unique<PipeLog>(PipeLog{options, os.host()});
        log->configure(deployment);
        return log->open();
    }
    void start() {
        ASSERT_TRUE(open());
        ASSERT_TRUE(log->start(*loop));
        ASSERT_TRUE(loop->start());
        os.settle();
    }
    void TearDown() override {
        if (log) close(1ms);
    }
    void write(std::string_view message, LogLevel level = LogLevel::info) {
        log->write({.time = std::chrono::system_clock::time_point{}, .level = level, .message = message});
    }
    void close(std::chrono::milliseconds at_most = 8s) {
        loop->stop();
        log->stop();
        log->close(at_most);
    }
    [[nodiscard]] std::string read() const { return os.programs.read(); }
    [[nodiscard]] std::ptrdiff_t lines_read() const {
        const std::string all = read();
        return std::count(all.begin(), all.end(), '\n');
    }
    [[nodiscard]] std::size_t starts() const { return os.programs.started().size(); }

    PipeLog::Options options{.command = {"keeper", "/var/log/trial"}};
    Deployment deployment;
    mocks::FakeOs os;
    std::unique_ptr<PipeLog> log;
    // The loop is destroyed before the policy, as in a service.
    std::unique_ptr<mocks::FakeEventLoop> loop = std::make_unique<mocks::FakeEventLoop>(os.reactor);
};

TEST_F(PipeLogTest, StartsItsProgramWhenItIsOpened) {
    ASSERT_TRUE(open());
    ASSERT_THAT(os.programs.started(), SizeIs(1));
    EXPECT_THAT(os.programs.started().front().command, ElementsAre("keeper", "/var/log/trial"));
    EXPECT_EQ(os.programs.started().front().output, os::ProgramOutput::null);
}

TEST_F(PipeLogTest, InTheForegroundItsProgramHasTheStreamsOfTheService) {
    deployment.background = false;
    ASSERT_TRUE(open());
    EXPECT_EQ(os.programs.started().front().output, os::ProgramOutput::inherit);
}

TEST_F(PipeLogTest, TheSettingsOverrideTheOptions) {
    deployment.log_plan = {.format = LineFormat::json, .delay = 0ms, .command = {"other"}};
    start();
    write("hello");
    EXPECT_THAT(os.programs.started().front().command, ElementsAre("other"));
    EXPECT_THAT(read(), HasSubstr(R"("message":"hello")"));
}

TEST_F(PipeLogTest, AFlushWritesDelayedLines) {
    options.delay = 60s;
    start();
    write("waits");
    EXPECT_EQ(read(), "");
    log->flush(1s);
    EXPECT_THAT(read(), HasSubstr("waits"));
}

TEST_F(PipeLogTest, AMissingCommandIsAConfigurationError) {
    options.command.clear();
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::configuration);
    EXPECT_EQ(opened.error().message(), "cannot start the log's program: none is set (log-command)");
}

TEST_F(PipeLogTest, AProgramThatCannotBeStartedFailsTheStart) {
    os.programs.failures().fail_next("start", ENOENT);
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::cannot_create);
    EXPECT_EQ(opened.error().message(), "cannot start the log's program 'keeper': No such file or directory");
}

TEST_F(PipeLogTest, AProgramThatEndsAtOnceFailsTheStart) {
    os.programs.end_at_once(os::ProgramEnd{.how = How::exited, .number = 111});
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::cannot_create);
    EXPECT_EQ(opened.error().message(), "cannot start the log's program 'keeper': it ended with status 111 at once");
}

TEST_F(PipeLogTest, APipeThatCannotBeOpenedFailsTheStart) {
    os.programs.failures().fail_next("open_input", EMFILE);
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::cannot_create);
}

TEST_F(PipeLogTest, TheProgramStartsAfterTheDropOfPrivileges) {
    deployment.gives_up_rights = true;
    ASSERT_TRUE(open());
    write("early");
    ASSERT_TRUE(log->change_owner(1000, 1000));
    EXPECT_EQ(starts(), 0U);
    ASSERT_TRUE(log->start(*loop));
    EXPECT_THAT(read(), HasSubstr("early"));
}

TEST_F(PipeLogTest, AProgramThatCannotStartAfterTheDropFailsTheStart) {
    deployment.gives_up_rights = true;
    ASSERT_TRUE(open());
    os.programs.failures().fail_next("start", EACCES);
    const auto started = log->start(*loop);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().exit_code, ExitCode::permission);
    close();
    EXPECT_EQ(starts(), 0U);
}

TEST_F(PipeLogTest, BeforeThreadsRunEachLineIsWrittenAtOnce) {
    ASSERT_TRUE(open());
    write("early");
    EXPECT_THAT(read(), EndsWith("info trial[4711]: early\n"));
}

TEST_F(PipeLogTest, WarningsAreWrittenAtOnceWithAllLinesBeforeThem) {
    start();
    write("one");
    EXPECT_EQ(read(), "");
    write("two", LogLevel::warning);
    EXPECT_THAT(read(), HasSubstr("one\n"));
    EXPECT_THAT(read(), EndsWith("two\n"));
}

TEST_F(PipeLogTest, OtherLinesAreWrittenWithinTheDelay) {
    start();
    write("one");
    os.advance(199ms);
    EXPECT_EQ(read(), "");
    os.advance(1ms);
    EXPECT_THAT(read(), EndsWith("one\n"));
    write("two");
    os.advance(200ms);
    EXPECT_THAT(read(), EndsWith("two\n"));
}

TEST_F(PipeLogTest, ManyLinesAreWrittenAtOnce) {
    start();
    const std::string line(1000, 'x');
    for (int count = 0; count < 70; ++count) write(line);
    EXPECT_GT(read().size(), 60'000U);
}

TEST_F(PipeLogTest, TheSourceIsShownIfRequested) {
    const LogSource source{.file = "backup.cpp", .line = 42};
    start();
    log->write({.time = {}, .level = LogLevel::error, .message = "one", .source = source});
    EXPECT_THAT(read(), EndsWith("one\n"));
    close();
    loop = std::make_unique<mocks::FakeEventLoop>(os.reactor);
    deployment.log_plan.shows_source = true;
    start();
    log->write({.time = {}, .level = LogLevel::error, .message = "two", .source = source});
    EXPECT_THAT(read(), EndsWith("two source=backup.cpp:42\n"));
}

TEST_F(PipeLogTest, DropsLinesBelowItsLevel) {
    start();
    log->set_level(LogLevel::error);
    write("low", LogLevel::warning);
    write("high", LogLevel::error);
    EXPECT_THAT(read(), AllOf(HasSubstr("high"), Not(HasSubstr("low"))));
}

TEST_F(PipeLogTest, AnEndedProgramIsRestartedAfterAPause) {
    start();
    os.programs.end(os.programs.running(), {.how = How::killed, .number = SIGKILL});
    os.advance(99ms);
    EXPECT_EQ(starts(), 1U);
    os.advance(1ms);
    EXPECT_EQ(starts(), 2U);
    EXPECT_THAT(read(),
                HasSubstr("warning trial[4711]: the log's program 'keeper' (pid 9001) was killed by signal 9; it "
                          "restarts in 100 ms\n"));
}

TEST_F(PipeLogTest, AFailingProgramIsRestartedLessAndLessOften) {
    start();
    os.programs.end_at_once(os::ProgramEnd{.how = How::exited, .number = 1});
    os.programs.end(os.programs.running(), {.how = How::exited, .number = 1});
    os.advance(100ms);
    EXPECT_EQ(starts(), 2U);
    os.advance(199ms);
    EXPECT_EQ(starts(), 2U);
    os.advance(1ms);
    EXPECT_EQ(starts(), 3U);
    os.advance(10min);
    const std::size_t before = starts();
    os.advance(30s);
    EXPECT_EQ(starts(), before + 1);
}

TEST_F(PipeLogTest, AProgramThatLastedIsRestartedSoon) {
    start();
    for (int life = 0; life < 3; ++life) {
        os.advance(10s);
        os.programs.end(os.programs.running(), {.how = How::exited, .number = 0});
        os.advance(100ms);
        EXPECT_NE(os.programs.running(), 0);
    }
}

TEST_F(PipeLogTest, AFailedRestartIsRetriedAndReported) {
    start();
    os.programs.failures().fail_next("start", EAGAIN);
    os.programs.end(os.programs.running(), {.how = How::exited, .number = 3});
    os.advance(300ms);
    EXPECT_EQ(starts(), 2U);
    EXPECT_THAT(read(), HasSubstr("ended with status 3; it restarts in 100 ms\n"));
    EXPECT_THAT(read(), HasSubstr("cannot start the log's program 'keeper': Resource temporarily unavailable; next try "
                                  "in 200 ms\n"));
}

TEST_F(PipeLogTest, TheNextProgramReadsUnreadLines) {
    start();
    os.programs.stop_reading();
    write("left behind", LogLevel::error);
    os.programs.end(os.programs.running(), {.how = How::killed, .number = SIGKILL});
    os.advance(100ms);
    os.programs.read_again();
    ASSERT_THAT(os.programs.started(), SizeIs(2));
    EXPECT_THAT(os.programs.started().at(1).text, HasSubstr("left behind\n"));
}

TEST_F(PipeLogTest, LinesWithoutRoomInThePipeWaitInOrder) {
    os.programs.set_capacity(100);
    start();
    os.programs.stop_reading();
    for (int number = 0; number < 50; ++number) write("line " + std::to_string(number), LogLevel::error);
    EXPECT_EQ(os.programs.unread(), 100U);
    os.programs.read_again();
    os.settle();
    std::size_t from = 0;
    for (int number = 0; number < 50; ++number) {
        from = read().find(": line " + std::to_string(number) + "\n", from);
        ASSERT_NE(from, std::string::npos) << number;
    }
    EXPECT_THAT(read(), Not(HasSubstr("lost")));
}

TEST_F(PipeLogTest, LinesWithoutMemoryAreCountedAndReported) {
    os.programs.set_capacity(10);
    options.memory = 400;
    start();
    os.programs.stop_reading();
    for (int number = 0; number < 50; ++number) write("line " + std::to_string(number), LogLevel::error);
    os.programs.read_again();
    os.settle();
    const auto came = lines_read() - 1;
    EXPECT_GT(came, 3);
    EXPECT_THAT(read(), EndsWith("warning trial[4711]: " + std::to_string(50 - came) +
                                 " lines lost: 'keeper' does not keep up\n"));
    EXPECT_EQ(log->counts()->lost_slow, static_cast<std::uint64_t>(50 - came));
    write("afterwards", LogLevel::error);
    EXPECT_THAT(read(), EndsWith("afterwards\n"));
}

TEST_F(PipeLogTest, AFailingPipeLosesLinesAndReportsThemLater) {
    start();
    os.programs.failures().fail_next("write", EIO);
    write("lost", LogLevel::error);
    write("kept", LogLevel::error);
    EXPECT_THAT(read(), HasSubstr("1 line lost"));
    EXPECT_EQ(log->counts()->lost_error, 1U);
    EXPECT_THAT(read(), EndsWith("kept\n"));
}

TEST_F(PipeLogTest, ALostReportOfLossesIsRepeatedAndIsNotALostLine) {
    start();
    for (int number = 0; number < 5; ++number) {
        os.programs.failures().fail_next("write", EIO);
        write("lost", LogLevel::error);
    }
    write("kept", LogLevel::error);
    EXPECT_THAT(read(), HasSubstr(" 5 lines lost: "));
    EXPECT_THAT(read(), EndsWith("kept\n"));
    EXPECT_EQ(log->counts()->lost_error, 5U);
    EXPECT_EQ(log->counts()->lost_slow, 0U);
}

TEST_F(PipeLogTest, ClosingWaitsUntilTheProgramHasReadEverything) {
    start();
    write("the crash lines");
    close();
    EXPECT_THAT(read(), EndsWith("the crash lines\n"));
    EXPECT_EQ(os.programs.started().front().end, (os::ProgramEnd{.how = How::exited, .number = 0}));
    EXPECT_THAT(os.programs.started().front().signals, IsEmpty());
    EXPECT_EQ(os.streams.written(os::Stream::error), "");
}

TEST_F(PipeLogTest, AProgramThatHasReadEverythingIsAskedToEnd) {
    os.programs.outlive_their_input();
    start();
    write("last");
    close();
    EXPECT_THAT(os.programs.started().front().signals, ElementsAre(SIGTERM));
    EXPECT_EQ(os.streams.written(os::Stream::error), "");
}

TEST_F(PipeLogTest, AProgramThatDoesNotEndIsLeftAndNamed) {
    os.programs.outlive_their_input();
    os.programs.ignore_signals();
    start();
    close();
    EXPECT_THAT(os.programs.started().front().signals, ElementsAre(SIGTERM));
    EXPECT_EQ(os.streams.written(os::Stream::error), "trial: the log's program 'keeper' (pid 9001) still runs\n");
}

TEST_F(PipeLogTest, AProgramThatStillReadsIsNotDisturbed) {
    start();
    os.programs.stop_reading();
    write("for later");
    const auto before = os.clock.steady_now();
    close(2s);
    EXPECT_LE(os.clock.steady_now() - before, 2s);
    EXPECT_THAT(os.programs.started().front().signals, IsEmpty());
    EXPECT_THAT(os.streams.written(os::Stream::error), HasSubstr("still runs, with "));
}

TEST_F(PipeLogTest, AtTheEndAProgramIsRestartedForTheLastLines) {
    start();
    os.programs.stop_reading();
    write("for the next one", LogLevel::error);
    os.programs.end(os.programs.running(), {.how = How::killed, .number = SIGKILL});
    os.settle();
    os.programs.read_again();
    close();
    ASSERT_THAT(os.programs.started(), SizeIs(2));
    EXPECT_THAT(os.programs.started().at(1).text, HasSubstr("for the next one\n"));
}

TEST_F(PipeLogTest, AtTheEndAFailingProgramIsAbandoned) {
    start();
    os.programs.stop_reading();
    write("in vain", LogLevel::error);
    os.programs.end_at_once(os::ProgramEnd{.how = How::exited, .number = 1});
    os.programs.end(os.programs.running(), {.how = How::exited, .number = 1});
    close();
    EXPECT_LT(starts(), 20U);
    EXPECT_THAT(os.streams.written(os::Stream::error), HasSubstr("the log's program 'keeper' has ended, with "));
}

TEST_F(PipeLogTest, MayBeClosedWhileItsLoopRuns) {
    start();
    write("one");
    os.advance(1ms);
    log->close(500ms);
    write("two");
    os.advance(1min);
    EXPECT_THAT(read(), AllOf(HasSubstr("one"), Not(HasSubstr("two"))));
    EXPECT_EQ(starts(), 1U);
    loop->stop();
}

TEST_F(PipeLogTest, ReopeningSendsNoSignalByDefault) {
    start();
    EXPECT_TRUE(log->reopen());
    EXPECT_THAT(os.programs.started().front().signals, IsEmpty());
    close();
}

TEST_F(PipeLogTest, ReopeningReportsThatTheProgramDoesNotRun) {
    options.reopen_signal = SIGHUP;
    start();
    EXPECT_TRUE(log->reopen());
    EXPECT_THAT(os.programs.started().front().signals, ElementsAre(SIGHUP));
    os.programs.end(os.programs.running(), {.how = How::exited, .number = 0});
    os.settle();
    EXPECT_EQ(log->reopen().error().message(), "cannot signal the log's program 'keeper': it does not run");
}

TEST_F(PipeLogTest, CrashLinesFollowDelayedLines) {
    start();
    write("before");
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "a fatal signal"};
    log->write_at_crash({&crash, 1});
    EXPECT_THAT(read(), EndsWith(": before\n1970-01-01T00:00:00.000000Z fatal trial[4711]: a fatal signal\n"));
    write("after", LogLevel::error);
    EXPECT_EQ(lines_read(), 3);
}

TEST_F(PipeLogTest, CrashLinesWaitOnceForABlockedProgram) {
    os.programs.set_capacity(100);
    start();
    os.programs.stop_reading();
    const auto before = os.clock.steady_now();
    const LogRecord line{.time = {}, .level = LogLevel::info, .message = "a line that was printed"};
    for (int lines = 0; lines < 100; ++lines) log->write_at_crash({&line, 1});
    EXPECT_LE(os.clock.steady_now() - before, 1s);
}

TEST_F(PipeLogTest, CrashLinesOfAClosedLogAreDropped) {
    log = std::make_unique<PipeLog>(PipeLog{options, os.host()});
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "too early"};
    log->write_at_crash({&crash, 1});
    EXPECT_EQ(read(), "");
}

TEST_F(PipeLogTest, AnInputThatCannotBeWatchedFailsTheStart) {
    ASSERT_TRUE(open());
    os.reactor.loop_failures.fail_next("watch", ENOSPC);
    const auto started = log->start(*loop);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message(),
              "cannot watch the input of the log's program 'keeper': No space left on device");
    close();
}

TEST_F(PipeLogTest, AProgramThatCannotBeWatchedIsPolled) {
    start();
    os.reactor.loop_failures.fail_next("watch", ENOSPC);
    os.programs.end(os.programs.running(), {.how = How::exited, .number = 0});
    os.advance(100ms);
    ASSERT_EQ(starts(), 2U);
    EXPECT_THAT(read(), HasSubstr("cannot watch the log's program 'keeper'"));
    os.programs.end(os.programs.running(), {.how = How::exited, .number = 0});
    os.advance(31s);
    EXPECT_EQ(starts(), 3U);
}

}  // namespace
}  // namespace servicekit
