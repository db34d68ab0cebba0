#include "servicekit/policies/log/journal_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string journal = "/run/systemd/journal/socket";

class JournalLogTest : public ::testing::Test {
protected:
    void open(LogLevel level = LogLevel::trace) {
        log.configure({.name = "trial", .log_level = level});
        ASSERT_TRUE(log.open());
    }
    void open_with_journal() {
        os.service_manager.put_journal_on_stderr();
        os.message_sockets.listen(journal);
        open();
    }
    void write(LogLevel level, std::string_view message) {
        log.write({.time = std::chrono::system_clock::time_point{}, .level = level, .message = message});
    }
    void write_at_crash() {
        const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed by SIGSEGV"};
        log.write_at_crash({&crash, 1});
    }
    [[nodiscard]] const std::string& written() const { return os.streams.written(os::Stream::error); }
    [[nodiscard]] std::vector<mocks::FakeMessageSockets::Message> entries() const {
        return os.message_sockets.messages(journal);
    }

    mocks::FakeOs os;
    JournalLog log = JournalLog{{}, os.host()};
};

TEST_F(JournalLogTest, ARecordBecomesAJournalEntry) {
    open_with_journal();
    write(LogLevel::warning, "careful");
    ASSERT_THAT(entries(), SizeIs(1));
    EXPECT_EQ(entries().front().text, "PRIORITY=4\nSYSLOG_IDENTIFIER=trial\nSYSLOG_PID=4711\nMESSAGE=careful\n");
    EXPECT_EQ(written(), "");
}

TEST_F(JournalLogTest, CrashLinesBecomeJournalEntries) {
    open_with_journal();
    write_at_crash();
    ASSERT_THAT(entries(), SizeIs(1));
    EXPECT_EQ(entries().front().text,
              "PRIORITY=2\nSYSLOG_IDENTIFIER=trial\nSYSLOG_PID=4711\nMESSAGE=crashed by SIGSEGV\n");
    EXPECT_EQ(written(), "");
}

TEST_F(JournalLogTest, CrashLinesGoToStderrIfTheJournalRefusesThem) {
    os.service_manager.put_journal_on_stderr();
    open();
    write_at_crash();
    EXPECT_EQ(written(), "<2>crashed by SIGSEGV\n");
}

TEST_F(JournalLogTest, WithoutAJournalCrashLinesGoToStderr) {
    open();
    write_at_crash();
    EXPECT_EQ(written(), "<2>crashed by SIGSEGV\n");
}

TEST_F(JournalLogTest, LevelsArePriorities) {
    open_with_journal();
    std::string priorities;
    for (const auto level :
         {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::fatal}) {
        write(level, "");
        priorities += entries().back().text.at(std::string_view{"PRIORITY="}.size());
    }
    EXPECT_EQ(priorities, "776432");
}

TEST_F(JournalLogTest, AnEntryHasChannelSourceAndFields) {
    open_with_journal();
    const std::vector<LogField> fields{{.key = "files", .value = 3}, {.key = "log-level", .value = "deep"}};
    log.write({.time = {},
               .level = LogLevel::info,
               .message = "done",
               .fields = fields,
               .channel = "backup",
               .source = {.file = "backup.cpp", .line = 42, .function = "run"}});
    EXPECT_EQ(
        entries().front().text,
        "PRIORITY=6\nSYSLOG_IDENTIFIER=trial\nSYSLOG_PID=4711\nCODE_FILE=backup.cpp\nCODE_LINE=42\nCODE_FUNC=run\n"
        "SERVICEKIT_CHANNEL=backup\nFILES=3\nLOG_LEVEL=deep\nMESSAGE=done\n");
}

TEST_F(JournalLogTest, ATextWithNewlinesHasItsLength) {
    open_with_journal();
    write(LogLevel::info, "a\nb");
    const std::string length{'\3', '\0', '\0', '\0', '\0', '\0', '\0', '\0'};
    EXPECT_THAT(entries().front().text, HasSubstr("MESSAGE\n" + length + "a\nb\n"));
}

TEST_F(JournalLogTest, ATooLongEntryIsSentInAFile) {
    open_with_journal();
    os.message_sockets.set_longest(1000);
    write(LogLevel::info, std::string(2000, 'x'));
    ASSERT_THAT(entries(), SizeIs(1));
    EXPECT_TRUE(entries().front().came_in_file);
    EXPECT_GT(entries().front().text.size(), 2000U);
}

TEST_F(JournalLogTest, ReconnectsToARestartedJournal) {
    open_with_journal();
    write(LogLevel::info, "one");
    os.message_sockets.listen(journal);
    write(LogLevel::info, "two");
    EXPECT_THAT(entries(), SizeIs(2));
    EXPECT_EQ(os.message_sockets.connections(), 2U);
    EXPECT_EQ(written(), "");
}

TEST_F(JournalLogTest, LinesGoToStderrWhileThereIsNoJournal) {
    open_with_journal();
    os.message_sockets.close(journal);
    const std::vector<LogField> fields{{.key = "files", .value = 3}};
    log.write({.time = {}, .level = LogLevel::error, .message = "one\n<2>two", .fields = fields});
    EXPECT_EQ(written(), "<3>one\\n<2>two files=3\n");

    os.message_sockets.listen(journal);
    write(LogLevel::info, "too early for another look");
    os.advance(1s);
    write(LogLevel::info, "back");
    ASSERT_THAT(entries(), SizeIs(1));
    EXPECT_THAT(entries().front().text, HasSubstr("MESSAGE=back\n"));
    EXPECT_THAT(written(), HasSubstr("<6>too early for another look\n"));
}

TEST_F(JournalLogTest, LostLinesAreCountedAndReported) {
    open_with_journal();
    os.message_sockets.limit(journal, 0);
    os.streams.limit(os::Stream::error, 0);
    write(LogLevel::info, "lost");
    EXPECT_EQ(os.message_sockets.last_patience(), 200ms);
    write(LogLevel::info, "lost, too");
    EXPECT_EQ(os.message_sockets.last_patience(), 0ms);
    EXPECT_EQ(os.streams.last_patience(), 0ms);
    os.message_sockets.limit(journal, {});
    write(LogLevel::info, "kept");
    ASSERT_THAT(entries(), SizeIs(2));
    EXPECT_THAT(entries().at(0).text,
                HasSubstr("MESSAGE=2 lines lost: the reader of '" + journal + "' does not keep up\n"));
    EXPECT_THAT(entries().at(1).text, HasSubstr("MESSAGE=kept\n"));
    EXPECT_EQ(log.counts()->lost_slow, 2U);
}

TEST_F(JournalLogTest, LossesAreReportedAtTheLatestAtTheClose) {
    open_with_journal();
    os.message_sockets.failures().fail_next("send", ENOMEM);
    os.streams.limit(os::Stream::error, 0);
    write(LogLevel::info, "lost");
    log.close(1s);
    ASSERT_THAT(entries(), SizeIs(1));
    EXPECT_THAT(entries().front().text, HasSubstr("MESSAGE=1 line lost: cannot send to '" + journal + "': "));
    EXPECT_EQ(log.counts()->lost_error, 1U);
    EXPECT_EQ(log.counts()->lost_slow, 0U);
}

TEST_F(JournalLogTest, OnATerminalALineLooksAsInALogFile) {
    os.streams.set_terminal(os::Stream::error, true);
    open();
    write(LogLevel::warning, "careful");
    EXPECT_EQ(written(), "1970-01-01T00:00:00.000000Z warning trial[4711]: careful\n");
}

TEST_F(JournalLogTest, ElsewhereALineBeginsWithItsLevel) {
    open();
    for (const auto level :
         {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::fatal})
        write(level, to_string(level));
    EXPECT_EQ(written(), "<7>trace\n<7>debug\n<6>info\n<4>warning\n<3>error\n<2>fatal\n");
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(JournalLogTest, DropsLinesBelowItsLevel) {
    open(LogLevel::warning);
    write(LogLevel::info, "one");
    log.set_level(LogLevel::info);
    write(LogLevel::info, "two");
    EXPECT_EQ(written(), "<6>two\n");
}

TEST_F(JournalLogTest, DropsLinesBeforeItIsOpenAndAfterItIsClosed) {
    log.configure({.name = "trial"});
    write(LogLevel::error, "early");
    ASSERT_TRUE(log.open());
    log.close(0ms);
    write(LogLevel::error, "late");
    EXPECT_EQ(written(), "");
}

TEST_F(JournalLogTest, ChangesNeitherStreamsNorUser) {
    open();
    EXPECT_EQ(log.stream_use(), StreamUse::own);
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.change_owner(1000, 1000));
    write(LogLevel::info, "still here");
    EXPECT_NE(written(), "");
}

TEST_F(JournalLogTest, CanBeMovedBeforeItIsOpened) {
    log.configure({.name = "trial", .log_level = LogLevel::error});
    JournalLog moved{std::move(log)};
    ASSERT_TRUE(moved.open());
    moved.write({.time = {}, .level = LogLevel::warning, .message = "too low"});
    moved.write({.time = {}, .level = LogLevel::error, .message = "kept"});
    EXPECT_EQ(written(), "<3>kept\n");
}

}  // namespace
}  // namespace servicekit
