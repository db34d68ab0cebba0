#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/message_receiver.hpp"
#include "servicekit/mocks/fake_service_manager.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/message_sockets.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/policies/log/journal_log.hpp"
#include "servicekit/policies/log/syslog_log.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::MatchesRegex;

/// Parses an entry as journald does.
std::map<std::string, std::string> parse(std::string_view entry) {
    std::map<std::string, std::string> fields;
    while (!entry.empty()) {
        const auto end = entry.find('\n');
        const auto equals = entry.substr(0, end).find('=');
        if (end == std::string_view::npos) throw std::runtime_error{"a field without its end"};
        if (equals != std::string_view::npos) {
            fields.emplace(entry.substr(0, equals), entry.substr(equals + 1, end - equals - 1));
            entry.remove_prefix(end + 1);
            continue;
        }
        std::uint64_t size = 0;
        for (std::size_t byte = 0; byte < 8; ++byte)
            size |= std::uint64_t{static_cast<unsigned char>(entry.at(end + 1 + byte))} << (8 * byte);
        fields.emplace(entry.substr(0, end), entry.substr(end + 9, size));
        if (entry.at(end + 9 + size) != '\n') throw std::runtime_error{"a value without its end"};
        entry.remove_prefix(end + 10 + size);
    }
    return fields;
}

class MessageLogsTest : public testing::Test {
protected:
    template <class Log>
    static void write(Log& log, std::string_view message) {
        log.write({.time = std::chrono::system_clock::now(), .level = LogLevel::info, .message = message});
    }

    os::test::TemporaryDirectory directory;
    std::string path = directory.file("socket");
};

class RealJournalLogTest : public MessageLogsTest {
protected:
    RealJournalLogTest() {
        manager.put_journal_on_stderr();
        log.configure({.name = "trial", .log_level = LogLevel::trace});
    }

    mocks::FakeServiceManager manager;
    JournalLog log{{.socket = path}, {.service_manager = &manager}};
};

TEST_F(RealJournalLogTest, TheJournalReadsCrashLines) {
    MessageReceiver journal{path, SOCK_DGRAM};
    ASSERT_TRUE(log.open());
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crashed by SIGSEGV"};
    log.write_at_crash({&crash, 1});
    const auto entry = parse(journal.next().text);
    EXPECT_EQ(entry.at("MESSAGE"), "crashed by SIGSEGV");
    EXPECT_EQ(entry.at("PRIORITY"), "2");
}

TEST_F(RealJournalLogTest, TheJournalReadsEntries) {
    MessageReceiver journal{path, SOCK_DGRAM};
    ASSERT_TRUE(log.open());
    const std::vector<LogField> fields{{.key = "text", .value = "two\nlines"}, {.key = "files", .value = 3}};
    log.write({.time = {},
               .level = LogLevel::error,
               .message = "with\nlines and a zero \0"
                          "byte",
               .fields = fields,
               .channel = "part"});
    const auto entry = parse(journal.next().text);
    EXPECT_EQ(entry.at("MESSAGE"), "with\nlines and a zero ");
    EXPECT_EQ(entry.at("PRIORITY"), "3");
    EXPECT_EQ(entry.at("SYSLOG_IDENTIFIER"), "trial");
    EXPECT_EQ(entry.at("SERVICEKIT_CHANNEL"), "part");
    EXPECT_EQ(entry.at("TEXT"), "two\nlines");
    EXPECT_EQ(entry.at("FILES"), "3");
}

TEST_F(RealJournalLogTest, AnEntryMayHaveAnyLength) {
    MessageReceiver journal{path, SOCK_DGRAM};
    ASSERT_TRUE(log.open());
    const std::string much(30U << 20U, 'x');
    write(log, much);
    const auto message = journal.next();
    ASSERT_TRUE(message.file);
    EXPECT_EQ(parse(MessageReceiver::content_of(message)).at("MESSAGE"), much);
}

TEST_F(RealJournalLogTest, EntriesOfManyThreadsArriveWhole) {
    constexpr int writers = 4;
    constexpr int entries_each = 5'000;
    MessageReceiver journal{path, SOCK_DGRAM};
    ASSERT_TRUE(log.open());
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([this] {
            for (int number = 0; number < entries_each; ++number) write(log, "entry\nentry");
        });
    int whole = 0;
    for (int number = 0; number < writers * entries_each; ++number)
        if (parse(journal.next().text).at("MESSAGE") == "entry\nentry") ++whole;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(whole, writers * entries_each);
}

class RealSyslogLogTest : public MessageLogsTest {
protected:
    void open(SyslogLog::Options options) {
        options.socket = path;
        log = SyslogLog{std::move(options)};
        log.configure({.name = "trial"});
        ASSERT_TRUE(log.open());
    }

    SyslogLog log;
};

TEST_F(RealSyslogLogTest, ADatagramIsAMessage) {
    MessageReceiver daemon{path, SOCK_DGRAM};
    open({});
    write(log, "hello");
    EXPECT_THAT(daemon.next().text, MatchesRegex("<30>1 20[0-9:.TZ-]+ - trial [0-9]+ - - hello"));
}

TEST_F(RealSyslogLogTest, ARestartedDaemonGetsTheNextMessage) {
    {
        MessageReceiver daemon{path, SOCK_DGRAM};
        open({});
        write(log, "one");
        EXPECT_THAT(daemon.next().text, EndsWith(" one"));
    }
    MessageReceiver daemon{path, SOCK_DGRAM};
    write(log, "two");
    EXPECT_THAT(daemon.next().text, EndsWith(" two"));
}

TEST_F(RealSyslogLogTest, AStreamThatHungUpIsReconnected) {
    MessageReceiver daemon{path, SOCK_STREAM};
    open({.format = SyslogLog::Format::traditional});
    write(log, "one");
    daemon.accept();
    EXPECT_THAT(daemon.next().text, EndsWith(": one\n"));
    daemon.hang_up();
    write(log, "two");
    daemon.accept();
    EXPECT_THAT(daemon.next().text, EndsWith(": two\n"));
}

TEST_F(RealSyslogLogTest, ABlockedDaemonStopsNothingAndLossesAreReported) {
    MessageReceiver daemon{path, SOCK_DGRAM};
    open({.patience = 20ms});
    constexpr int written = 20'000;
    const auto before = std::chrono::steady_clock::now();
    for (int number = 0; number < written; ++number) write(log, "x");
    EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
    int came = 0;
    while (daemon.next_within(0ms)) ++came;
    log.close(1s);
    const std::string told = daemon.next().text;
    EXPECT_THAT(told, testing::HasSubstr(" " + std::to_string(written - came) + " lines lost: "));
}

}  // namespace
}  // namespace servicekit::test
