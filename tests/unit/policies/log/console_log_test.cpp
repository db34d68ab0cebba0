#include "servicekit/policies/log/console_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_environment.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/fake_standard_streams.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class ConsoleLogTest : public ::testing::Test {
protected:
    ConsoleLog make(ConsoleLog::Options options = {}) {
        return ConsoleLog{options,
                          {.clock = &clock, .environment = &environment, .process = &process, .streams = &streams}};
    }

    void open(ConsoleLog& log) {
        log.configure({.name = "trial", .log_level = LogLevel::info});
        ASSERT_TRUE(log.open());
    }

    void write(ConsoleLog& log, std::string_view message, LogLevel level = LogLevel::info) {
        log.write({.time = clock.system_now(), .level = level, .message = message});
    }

    [[nodiscard]] static std::string json(std::string_view message, std::string_view level = "info") {
        return R"({"time":"2026-01-02T03:04:05.000000Z","level":")" + std::string{level} +
               R"(","service":"trial","pid":4711,"message":")" + std::string{message} + "\"}\n";
    }

    [[nodiscard]] const std::string& out() const { return streams.written(os::Stream::out); }
    [[nodiscard]] const std::string& error() const { return streams.written(os::Stream::error); }

    mocks::FakeClock clock;
    mocks::FakeEnvironment environment{{"NO_COLOR", "1"}};
    mocks::FakeProcess process;
    mocks::FakeStandardStreams streams;
};

TEST_F(ConsoleLogTest, WritesJsonLinesOnStdout) {
    auto log = make();
    open(log);
    write(log, "ready");
    write(log, "careful", LogLevel::warning);
    EXPECT_EQ(out(), json("ready") + json("careful", "warning"));
    EXPECT_THAT(error(), IsEmpty());
}

TEST_F(ConsoleLogTest, WritesTextOnATerminal) {
    streams.set_terminal(os::Stream::out, true);
    auto log = make();
    open(log);
    write(log, "ready");
    EXPECT_EQ(out(), "2026-01-02T03:04:05.000000Z info trial[4711]: ready\n");
}

TEST_F(ConsoleLogTest, TheFormatCanBeSet) {
    auto text = make({.format = ConsoleLog::Format::text});
    open(text);
    write(text, "plain");
    EXPECT_EQ(out(), "2026-01-02T03:04:05.000000Z info trial[4711]: plain\n");

    streams.set_terminal(os::Stream::error, true);
    auto structured = make({.target = ConsoleLog::Target::standard_error, .format = ConsoleLog::Format::json});
    open(structured);
    write(structured, "on stderr");
    EXPECT_EQ(error(), json("on stderr"));
}

TEST_F(ConsoleLogTest, CrashLinesLookLikeOtherLines) {
    auto log = make();
    open(log);
    streams.limit(os::Stream::out, 5);
    write(log, "torn");
    streams.limit(os::Stream::out, {});
    const LogRecord crash{.time = clock.system_now(), .level = LogLevel::fatal, .message = "crashed"};
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(out(), json("torn").substr(0, 5) + "\n" + json("crashed", "fatal"));
}

TEST_F(ConsoleLogTest, CrashLinesOfAClosedLogAreDropped) {
    auto log = make();
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(out(), "");
}

TEST_F(ConsoleLogTest, ARecordIsAlwaysOneLine) {
    auto log = make();
    open(log);
    write(log, "two\nlines, a \"quote\", a \\ and \x1b[31m");
    write(log, "no UTF-8: \xff\xc3");
    EXPECT_EQ(out(),
              json(R"(two\nlines, a \"quote\", a \\ and \u001b[31m)") + json("no UTF-8: \xEF\xBF\xBD\xEF\xBF\xBD"));
}

TEST_F(ConsoleLogTest, LinesBelowTheLevelAreDropped) {
    auto log = make();
    open(log);
    write(log, "hidden", LogLevel::debug);
    log.set_level(LogLevel::debug);
    write(log, "shown", LogLevel::debug);
    EXPECT_EQ(out(), json("shown", "debug"));
}

TEST_F(ConsoleLogTest, LinesBeforeOpenAndAfterCloseAreDropped) {
    auto log = make();
    log.configure({.name = "trial"});
    write(log, "early");
    ASSERT_TRUE(log.open());
    log.close(1s);
    write(log, "late");
    log.close(1s);
    EXPECT_THAT(out(), IsEmpty());
}

TEST_F(ConsoleLogTest, DoesNotRedirectTheStreams) {
    auto log = make();
    open(log);
    EXPECT_EQ(log.stream_use(), StreamUse::own);
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.change_owner(1000, 1000));
    EXPECT_EQ(streams.target(os::Stream::out), mocks::FakeStandardStreams::Target::user);
    EXPECT_EQ(streams.target(os::Stream::error), mocks::FakeStandardStreams::Target::user);
}

TEST_F(ConsoleLogTest, ReportsHowManyLinesASlowReaderHasLost) {
    auto log = make();
    open(log);
    streams.limit(os::Stream::out, 0);
    write(log, "one");
    write(log, "two");
    streams.limit(os::Stream::out, std::nullopt);
    write(log, "three");
    write(log, "four");
    EXPECT_EQ(out(), json("2 lines lost: its reader does not keep up", "warning") + json("three") + json("four"));
    EXPECT_EQ(log.counts()->lost_slow, 2U);
    EXPECT_EQ(log.counts()->lost_error, 0U);
    EXPECT_FALSE(log.counts()->rotations);
}

TEST_F(ConsoleLogTest, WaitsOnceForAReaderUntilItReadsAgain) {
    auto log = make({.patience = 70ms});
    open(log);
    streams.limit(os::Stream::out, 0);
    write(log, "one");
    EXPECT_EQ(streams.last_patience(), 70ms);
    write(log, "two");
    EXPECT_EQ(streams.last_patience(), 0ms);
    streams.limit(os::Stream::out, std::nullopt);
    write(log, "three");
    write(log, "four");
    EXPECT_EQ(streams.last_patience(), 70ms);
}

TEST_F(ConsoleLogTest, StartsANewLineAfterATornOne) {
    auto log = make();
    open(log);
    streams.limit(os::Stream::out, 10);
    write(log, "torn");
    streams.limit(os::Stream::out, std::nullopt);
    write(log, "whole");
    EXPECT_EQ(out(), json("torn").substr(0, 10) + "\n" + json("1 line lost: its reader does not keep up", "warning") +
                         json("whole"));
}

TEST_F(ConsoleLogTest, ReportedLossesAreNotReportedAgain) {
    auto log = make();
    open(log);
    streams.limit(os::Stream::out, 0);
    write(log, "one");
    write(log, "two");
    const std::string told = json("2 lines lost: its reader does not keep up", "warning");
    streams.limit(os::Stream::out, told.size());
    write(log, "three");
    streams.limit(os::Stream::out, std::nullopt);
    write(log, "four");
    EXPECT_EQ(out(), told + json("1 line lost: its reader does not keep up", "warning") + json("four"));
}

TEST_F(ConsoleLogTest, CountsLinesThatAClosedPipeRefuses) {
    auto log = make();
    open(log);
    streams.failures.fail_next("write_within", EPIPE);
    write(log, "one");
    write(log, "two");
    EXPECT_EQ(out(), json("1 line lost: Broken pipe", "warning") + json("two"));
    EXPECT_EQ(log.counts()->lost_error, 1U);
}

TEST_F(ConsoleLogTest, ReportsLossesAtTheEnd) {
    auto log = make();
    open(log);
    streams.failures.fail_next("write_within", ENOSPC);
    write(log, "one");
    log.close(1s);
    EXPECT_EQ(out(), json("1 line lost: No space left on device", "warning"));
}

TEST_F(ConsoleLogTest, CanBeMovedBeforeItIsOpened) {
    auto first = make();
    ConsoleLog log{std::move(first)};
    open(log);
    write(log, "moved");
    EXPECT_EQ(out(), json("moved"));
}

}  // namespace
}  // namespace servicekit
