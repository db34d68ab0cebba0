#include "policies/log/log_line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;

const auto noted_time = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 6h + 10min + 123456us;

std::string line_of(std::string_view message, LogLevel level = LogLevel::info) {
    std::string line;
    append_log_line(line, {.time = noted_time, .level = level, .message = message}, "just-another-server[4711]");
    return line;
}

std::string escaped(std::string_view message) {
    const std::string line = line_of(message);
    const std::string_view before = "2026-11-22T06:10:00.123456Z info just-another-server[4711]: ";
    EXPECT_EQ(line.substr(0, before.size()), before);
    EXPECT_EQ(line.back(), '\n');
    return line.substr(before.size(), line.size() - before.size() - 1);
}

TEST(LogLineTest, HasTimeInUtcLevelSourceAndMessage) {
    EXPECT_EQ(line_of("ready"), "2026-11-22T06:10:00.123456Z info just-another-server[4711]: ready\n");
    EXPECT_EQ(line_of("gone", LogLevel::fatal), "2026-11-22T06:10:00.123456Z fatal just-another-server[4711]: gone\n");
}

TEST(LogLineTest, PadsEveryNumberOfTheTime) {
    std::string line;
    append_log_line(line, {.time = std::chrono::system_clock::time_point{1s + 2us}, .message = "x"}, "a[1]");
    EXPECT_EQ(line, "1970-01-01T00:00:01.000002Z info a[1]: x\n");
}

TEST(LogLineTest, AppendsToExistingText) {
    std::string lines = "first\n";
    append_log_line(lines, {.time = noted_time, .message = "x"}, "a[1]");
    EXPECT_TRUE(lines.starts_with("first\n2026-"));
}

TEST(LogLineTest, KeepsAMessageWithNewlinesOnOneLine) {
    EXPECT_EQ(escaped("a\nb\r\n2026-01-01T00:00:00Z fatal forged\n"),
              "a\\nb\\r\\n2026-01-01T00:00:00Z fatal forged\\n");
}

TEST(LogLineTest, EscapesControlCharacters) {
    EXPECT_EQ(escaped("\t"), "\\t");
    EXPECT_EQ(escaped("\x1b[31mred"), "\\x1b[31mred");
    EXPECT_EQ(escaped(std::string_view{"\0\x7f", 2}), "\\x00\\x7f");
}

TEST(LogLineTest, EscapesAtEveryPosition) {
    const std::string text = "as long as three machine words, and more";
    for (const char letter : {'\0', '\x1f', '\x7f'}) {
        for (std::size_t at = 0; at <= text.size(); ++at) {
            std::string message = text;
            message.insert(at, 1, letter);
            std::string expected = text;
            expected.insert(at, letter == '\0' ? "\\x00" : letter == '\x1f' ? "\\x1f" : "\\x7f");
            EXPECT_EQ(escaped(message), expected);
        }
    }
}

TEST(LogLineTest, EscapesTheSecondSetOfControlCharacters) {
    EXPECT_EQ(escaped("a\xc2\x9b"
                      "31m\xc2\x80"),
              "a\\u009b31m\\u0080");
}

TEST(LogLineTest, EscapesInvalidUtf8AndDirectionControls) {
    EXPECT_EQ(escaped("a\x9b"
                      "31m \xe2\x80\xae"
                      "b"),
              "a\\x9b31m \\u202eb");
}

TEST(LogLineTest, AKeyIsEscapedLikeAMessage) {
    const std::vector<LogField> fields{{.key = "a\xc2\x9b"
                                               "b\xe2\x80\xae"
                                               "c\xff"
                                               "d\x1b"
                                               "e\xc3\xa4",
                                        .value = 1}};
    std::string line;
    append_fields(line, {.time = noted_time, .message = "x", .fields = fields});
    EXPECT_EQ(line, " a__b___c_d_e\xc3\xa4=1");
}

TEST(LogLineTest, KeepsAllOtherCharacters) {
    EXPECT_EQ(escaped("C:\\temp \"50%\" \xc2\xa0 \xc3\xa4 \xe2\x82\xac"),
              "C:\\temp \"50%\" \xc2\xa0 \xc3\xa4 \xe2\x82\xac");
    EXPECT_EQ(escaped(""), "");
}

}  // namespace
}  // namespace servicekit::policies
