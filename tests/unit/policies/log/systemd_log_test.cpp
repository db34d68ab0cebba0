#include "servicekit/policies/log/systemd_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/fake_service_manager.hpp"
#include "servicekit/mocks/fake_standard_streams.hpp"

namespace servicekit {
namespace {

class SystemdLogTest : public ::testing::Test {
protected:
    void open(LogLevel level = LogLevel::trace) {
        log.configure({.name = "trial", .log_level = level});
        ASSERT_TRUE(log.open());
    }
    void write(LogLevel level, std::string_view message) {
        log.write({.time = std::chrono::system_clock::time_point{}, .level = level, .message = message});
    }
    [[nodiscard]] const std::string& written() const { return streams.written(os::Stream::error); }

    mocks::FakeServiceManager manager;
    mocks::FakeProcess process;
    mocks::FakeStandardStreams streams;
    SystemdLog log{{}, streams, manager, process};
};

TEST_F(SystemdLogTest, BeginsALineForTheJournalWithItsLevel) {
    manager.put_journal_on_stderr();
    open();
    for (const auto level :
         {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::fatal})
        write(level, to_string(level));
    EXPECT_EQ(written(), "<7>trace\n<7>debug\n<6>info\n<4>warning\n<3>error\n<2>fatal\n");
}

TEST_F(SystemdLogTest, NoMessageCanPassForTwoOrForAnotherLevel) {
    manager.put_journal_on_stderr();
    open();
    write(LogLevel::info, "one\n<2>two");
    EXPECT_EQ(written(), "<6>one\\n<2>two\n");
}

TEST_F(SystemdLogTest, ElsewhereALineIsAsInALogFile) {
    open();
    write(LogLevel::warning, "careful");
    EXPECT_EQ(written(), "1970-01-01T00:00:00.000000Z warning trial[4711]: careful\n");
}

TEST_F(SystemdLogTest, DropsWhatIsBelowItsLevel) {
    manager.put_journal_on_stderr();
    open(LogLevel::warning);
    write(LogLevel::info, "one");
    log.set_level(LogLevel::info);
    write(LogLevel::info, "two");
    EXPECT_EQ(written(), "<6>two\n");
}

TEST_F(SystemdLogTest, DropsLinesBeforeItIsOpenAndAfterItIsClosed) {
    log.configure({.name = "trial"});
    write(LogLevel::error, "early");
    ASSERT_TRUE(log.open());
    log.close(std::chrono::milliseconds{0});
    write(LogLevel::error, "late");
    EXPECT_EQ(written(), "");
}

TEST_F(SystemdLogTest, LeavesTheStreamsAndTheUserAsTheyAre) {
    open();
    EXPECT_EQ(log.stream_use(), contract::StreamUse::own);
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.hand_to(1000, 1000));
    write(LogLevel::info, "still here");
    EXPECT_NE(written(), "");
}

TEST_F(SystemdLogTest, MovesBeforeItIsOpen) {
    log.configure({.name = "trial", .log_level = LogLevel::error});
    SystemdLog moved{std::move(log)};
    ASSERT_TRUE(moved.open());
    moved.write({.time = {}, .level = LogLevel::warning, .message = "too low"});
    moved.write({.time = {}, .level = LogLevel::error, .message = "kept"});
    EXPECT_EQ(written(), "1970-01-01T00:00:00.000000Z error trial[4711]: kept\n");
}

}  // namespace
}  // namespace servicekit
