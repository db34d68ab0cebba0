#include "policies/log/journal_entry.hpp"

#include <gtest/gtest.h>

namespace servicekit::policies {
namespace {

TEST(JournalEntryTest, AKeyBecomesAFieldName) {
    EXPECT_EQ(journal_field_name("files"), "FILES");
    EXPECT_EQ(journal_field_name("log-level.now"), "LOG_LEVEL_NOW");
    EXPECT_EQ(journal_field_name("MESSAGE_ID"), "MESSAGE_ID");
    EXPECT_EQ(journal_field_name("h\xC3\xB6he"), "H__HE");
}

TEST(JournalEntryTest, AKeyThatIsNotANameGetsAPrefix) {
    EXPECT_EQ(journal_field_name("5xx"), "FIELD_5XX");
    EXPECT_EQ(journal_field_name("_pid"), "FIELD__PID");
    EXPECT_EQ(journal_field_name(""), "FIELD_");
}

TEST(JournalEntryTest, AKeyCannotReplaceAStandardField) {
    EXPECT_EQ(journal_field_name("message"), "FIELD_MESSAGE");
    EXPECT_EQ(journal_field_name("Priority"), "FIELD_PRIORITY");
    EXPECT_EQ(journal_field_name("code-file"), "FIELD_CODE_FILE");
}

TEST(JournalEntryTest, ANameIsCutToTheJournalsLimit) {
    EXPECT_EQ(journal_field_name(std::string(100, 'a')), std::string(64, 'A'));
    EXPECT_EQ(journal_field_name(std::string(100, '1')).size(), 64U);
}

TEST(JournalEntryTest, AValueCannotControlTheTerminal) {
    const std::vector<LogField> fields{{.key = "path", .value = "\x1b[2J\xC2\x9B\xE2\x80\xAE\xff"}};
    std::string entry;
    append_journal_entry(entry, {.time = {}, .message = "a\tb\x1b", .fields = fields}, "trial", 4711);
    EXPECT_TRUE(entry.ends_with("PATH=\\x1b[2J\\u009b\\u202e\\xff\nMESSAGE=a\tb\\x1b\n")) << entry;
}

TEST(JournalEntryTest, AMultiLineValueHasItsWrittenLength) {
    std::string entry;
    append_journal_entry(entry, {.time = {}, .message = "a\x1b\nb"}, "trial", 4711);
    const std::string length{"\x07\0\0\0\0\0\0\0", 8};
    EXPECT_TRUE(entry.ends_with("MESSAGE\n" + length + "a\\x1b\nb\n")) << entry;
}

}  // namespace
}  // namespace servicekit::policies
