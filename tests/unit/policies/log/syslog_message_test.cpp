#include "policies/log/syslog_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace servicekit::policies {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SyslogMessageTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string message(const LogRecord& record) const {
        std::string out;
        append_syslog_message(out, record, head);
        return out;
    }

    SyslogHead head{.facility = 3,
                    .host_name = "-",
                    .application = "trial",
                    .process_id = "4711",
                    .structured_data_id = "servicekit@32473"};
};

TEST_F(SyslogMessageTest, HasPriorityVersionTimeAndSource) {
    EXPECT_EQ(message({.time = {}, .level = LogLevel::warning, .message = "careful"}),
              "<28>1 1970-01-01T00:00:00.000000Z - trial 4711 - - careful");
}

TEST_F(SyslogMessageTest, TheChannelIsTheMessageId) {
    EXPECT_THAT(message({.time = {}, .message = "x", .channel = "back up"}), HasSubstr(" 4711 back_up - x"));
}

TEST_F(SyslogMessageTest, FieldsAndSourceAreStructuredData) {
    const std::vector<LogField> fields{{.key = "files", .value = 3}, {.key = "a=b]\" c", .value = "x"}};
    EXPECT_THAT(
        message({.time = {}, .message = "done", .fields = fields, .source = {.file = "backup.cpp", .line = 42}}),
        EndsWith(R"( [servicekit@32473 files="3" a_b___c="x" source="backup.cpp:42"] done)"));
}

TEST_F(SyslogMessageTest, ValuesAreEscapedAndUtf8) {
    const std::vector<LogField> fields{{.key = "k", .value = "a\"b\\c]d\ne\xFF\xC3\xA4"}};
    EXPECT_THAT(message({.time = {}, .message = "m", .fields = fields}),
                EndsWith("k=\"a\\\"b\\\\c\\]d\\\\ne\\\\xff\xC3\xA4\"] m"));
}

TEST_F(SyslogMessageTest, OnlyNonAsciiTextHasAByteOrderMark) {
    EXPECT_THAT(message({.time = {}, .message = "h\xC3\xB6her"}), EndsWith(" - \xEF\xBB\xBFh\xC3\xB6her"));
    EXPECT_THAT(message({.time = {}, .message = "h\xFFher"}), EndsWith(" - h\\xffher"));
}

TEST_F(SyslogMessageTest, EscapesNewlines) {
    EXPECT_THAT(message({.time = {}, .message = "a\nb"}), EndsWith(" - a\\nb"));
}

TEST_F(SyslogMessageTest, OmitsAnEmptyMessage) {
    EXPECT_THAT(message({.time = {}, .message = {}}), EndsWith(" 4711 - -"));
}

TEST_F(SyslogMessageTest, NamesAreCutToTheStandardsLimits) {
    head.application = std::string(60, 'a');
    head.facility = 23;
    const std::string text =
        message({.time = {}, .level = LogLevel::fatal, .message = {}, .channel = std::string(60, 'c')});
    EXPECT_THAT(text, StartsWith("<186>1 "));
    EXPECT_THAT(text, HasSubstr(" - " + std::string(48, 'a') + " 4711 " + std::string(32, 'c') + " -"));
}

TEST_F(SyslogMessageTest, TheTraditionalFormatLeavesTheTimeToTheDaemon) {
    const std::vector<LogField> fields{{.key = "files", .value = 3}};
    std::string out;
    append_traditional_syslog_message(out, {.time = {}, .message = "a\nb", .fields = fields}, head);
    EXPECT_EQ(out, "<30>trial[4711]: a\\nb files=3");
}

TEST(CutTest, CutsBetweenCharacters) {
    EXPECT_EQ(cut("abc", 5), "abc");
    EXPECT_EQ(cut("abc", 2), "ab");
    EXPECT_EQ(cut("a\xC3\xA4", 2), "a");
    EXPECT_EQ(cut("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80\x80\x80\x80");
}

}  // namespace
}  // namespace servicekit::policies
