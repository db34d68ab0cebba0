#include "servicekit/policies/log/syslog_log.hpp"

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
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string device = "/dev/log";
constexpr auto stream = os::MessageSocket::Kind::stream;

class SyslogLogTest : public ::testing::Test {
protected:
    void open(SyslogLog::Options options = {}) {
        log = SyslogLog{std::move(options), os.host()};
        log.configure({.name = "trial"});
        ASSERT_TRUE(log.open());
    }
    void write(std::string_view message, LogLevel level = LogLevel::info) {
        log.write({.time = std::chrono::system_clock::time_point{}, .level = level, .message = message});
    }
    [[nodiscard]] std::vector<mocks::FakeMessageSockets::Message> messages() const {
        return os.message_sockets.messages(device);
    }

    mocks::FakeOs os;
    SyslogLog log = SyslogLog{{}, os.host()};
};

TEST_F(SyslogLogTest, ARecordIsADatagram) {
    os.message_sockets.listen(device);
    open();
    write("hello");
    write("", LogLevel::error);
    ASSERT_THAT(messages(), SizeIs(2));
    EXPECT_EQ(messages().front().text, "<30>1 1970-01-01T00:00:00.000000Z - trial 4711 - - hello");
}

TEST_F(SyslogLogTest, CrashLinesLookLikeOtherMessages) {
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    os.message_sockets.listen(device);
    open();
    log.write_at_crash({&crash, 1});
    ASSERT_THAT(messages(), SizeIs(1));
    EXPECT_EQ(messages().front().text, "<26>1 1970-01-01T00:00:00.000000Z - trial 4711 - - crashed");
}

TEST_F(SyslogLogTest, CrashLinesAreFramedLikeOtherMessages) {
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    os.message_sockets.listen(device, stream);
    open({.framing = SyslogLog::Framing::octet_counting});
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(os.message_sockets.text(device), "58 <26>1 1970-01-01T00:00:00.000000Z - trial 4711 - - crashed");
}

TEST_F(SyslogLogTest, CrashLinesWithoutADaemonAreLost) {
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    open();
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(os.message_sockets.text(device), "");
}

TEST_F(SyslogLogTest, PartlySentCrashLinesAreCompletedFirst) {
    const LogRecord printed{.time = {}, .level = LogLevel::info, .message = "printed"};
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    os.message_sockets.listen(device, stream);
    open({.format = SyslogLog::Format::traditional});
    os.message_sockets.limit(device, 10);
    log.write_at_crash({&printed, 1});
    os.message_sockets.limit(device, 5);
    log.write_at_crash({&crash, 1});
    os.message_sockets.limit(device, {});
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(os.message_sockets.text(device), "<30>trial[4711]: printed\n<26>trial[4711]: crashed\n");
}

TEST_F(SyslogLogTest, CrashLinesDoNotRepeatTheMessageBeforeThem) {
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    os.message_sockets.listen(device, stream);
    open({.format = SyslogLog::Format::traditional});
    os.message_sockets.limit(device, 10);
    write("one");
    os.message_sockets.limit(device, 5);
    log.write_at_crash({&crash, 1});
    os.message_sockets.limit(device, {});
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(os.message_sockets.text(device), "<30>trial[4711]: one\n<26>trial[4711]: crashed\n");
}

TEST_F(SyslogLogTest, ARecordFollowsTheRestOfPartlySentCrashLines) {
    const LogRecord printed{.time = {}, .level = LogLevel::info, .message = "printed"};
    os.message_sockets.listen(device, stream);
    open({.format = SyslogLog::Format::traditional});
    os.message_sockets.limit(device, 10);
    log.write_at_crash({&printed, 1});
    os.message_sockets.limit(device, {});
    write("survived");
    EXPECT_EQ(os.message_sockets.text(device), "<30>trial[4711]: printed\n<30>trial[4711]: survived\n");
}

TEST_F(SyslogLogTest, CrashLinesWaitOnceForADaemonThatDoesNotKeepUp) {
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed"};
    os.message_sockets.listen(device);
    open();
    os.message_sockets.limit(device, 0);
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(os.message_sockets.last_patience(), 200ms);
    log.write_at_crash({&crash, 1});
    EXPECT_EQ(os.message_sockets.last_patience(), 0ms);
}

TEST_F(SyslogLogTest, TheOptionsSetSocketFacilityAndHostName) {
    os.message_sockets.listen("/run/log");
    open({.socket = "/run/log", .facility = SyslogLog::Facility::local7, .host_name = "box"});
    write("hello");
    EXPECT_EQ(os.message_sockets.text("/run/log"), "<190>1 1970-01-01T00:00:00.000000Z box trial 4711 - - hello");
}

TEST_F(SyslogLogTest, TheTraditionalFormatCanBeUsed) {
    os.message_sockets.listen(device);
    open({.format = SyslogLog::Format::traditional});
    write("hello");
    EXPECT_EQ(messages().front().text, "<30>trial[4711]: hello");
}

TEST_F(SyslogLogTest, OnAStreamANewlineEndsEachMessage) {
    os.message_sockets.listen(device, stream);
    open();
    write("one");
    write("two");
    EXPECT_THAT(os.message_sockets.text(device),
                EndsWith("one\n<30>1 1970-01-01T00:00:00.000000Z - trial 4711 - - two\n"));
}

TEST_F(SyslogLogTest, OnAStreamTheLengthMayPrecedeAMessage) {
    os.message_sockets.listen(device, stream);
    open({.format = SyslogLog::Format::traditional, .framing = SyslogLog::Framing::octet_counting});
    write("one");
    EXPECT_EQ(os.message_sockets.text(device), "20 <30>trial[4711]: one");
}

TEST_F(SyslogLogTest, APartlySentMessageIsCompletedFirst) {
    os.message_sockets.listen(device, stream);
    open({.format = SyslogLog::Format::traditional});
    os.message_sockets.limit(device, 10);
    write("one");
    write("lost");
    os.message_sockets.limit(device, {});
    write("two");
    const std::string text = os.message_sockets.text(device);
    EXPECT_THAT(text, StartsWith("<30>trial[4711]: one\n<28>trial[4711]: 1 line lost: "));
    EXPECT_THAT(text, EndsWith("<30>trial[4711]: two\n"));
}

TEST_F(SyslogLogTest, AStreamThatEndsWithinAMessageLosesTheMessage) {
    os.message_sockets.listen(device, stream);
    open({.format = SyslogLog::Format::traditional});
    os.message_sockets.limit(device, 10);
    write("one");
    os.message_sockets.listen(device, stream);
    write("two");
    EXPECT_THAT(os.message_sockets.text(device), HasSubstr("<30>trial[4711]: two\n"));
    write("three");
    EXPECT_THAT(os.message_sockets.text(device), HasSubstr("1 line lost: "));
}

TEST_F(SyslogLogTest, ReconnectsToARestartedDaemon) {
    os.message_sockets.listen(device);
    open();
    write("one");
    os.message_sockets.listen(device);
    write("two");
    EXPECT_THAT(messages(), SizeIs(2));
}

TEST_F(SyslogLogTest, AMissingDaemonIsTriedAgain) {
    open();
    write("lost");
    os.message_sockets.listen(device);
    write("lost, too");
    os.advance(1s);
    write("kept");
    ASSERT_THAT(messages(), SizeIs(2));
    EXPECT_THAT(messages().at(0).text,
                HasSubstr("<28>1 1970-01-01T00:00:00.000000Z - trial 4711 - - 2 lines lost: cannot connect to "
                          "'/dev/log': No such file or directory"));
    EXPECT_THAT(messages().at(1).text, EndsWith("kept"));
    EXPECT_EQ(log.counts()->lost_error, 2U);
}

TEST_F(SyslogLogTest, ASlowDaemonDelaysOnlyOnce) {
    os.message_sockets.listen(device);
    open();
    os.message_sockets.limit(device, 0);
    write("lost");
    EXPECT_EQ(os.message_sockets.last_patience(), 200ms);
    write("lost");
    EXPECT_EQ(os.message_sockets.last_patience(), 0ms);
    os.message_sockets.limit(device, {});
    log.close(1s);
    ASSERT_THAT(messages(), SizeIs(1));
    EXPECT_THAT(messages().front().text, HasSubstr("2 lines lost: the reader of '/dev/log' does not keep up"));
    EXPECT_EQ(log.counts()->lost_slow, 2U);
}

TEST_F(SyslogLogTest, ATooLongMessageIsCut) {
    os.message_sockets.listen(device);
    os.message_sockets.set_longest(10'000);
    open();
    write(std::string(20'000, 'x'));
    ASSERT_THAT(messages(), SizeIs(1));
    EXPECT_EQ(messages().front().text.size(), 8192U);
}

TEST_F(SyslogLogTest, DropsLinesBelowItsLevelAndAfterTheClose) {
    os.message_sockets.listen(device);
    open();
    log.set_level(LogLevel::error);
    write("low", LogLevel::warning);
    log.close(1s);
    write("late", LogLevel::error);
    EXPECT_THAT(messages(), SizeIs(0));
}

}  // namespace
}  // namespace servicekit
