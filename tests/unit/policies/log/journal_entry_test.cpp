#include "policies/log/journal_entry.hpp"

#include <gtest/gtest.h>

namespace servicekit::policies {
namespace {

TEST(JournalEntryTest, AKeyBecomesTheNameOfAField) {
    EXPECT_EQ(journal_field_name("files"), "FILES");
    EXPECT_EQ(journal_field_name("log-level.now"), "LOG_LEVEL_NOW");
    EXPECT_EQ(journal_field_name("MESSAGE_ID"), "MESSAGE_ID");
    EXPECT_EQ(journal_field_name("h\xC3\xB6he"), "H__HE");
}

TEST(JournalEntryTest, AKeyThatIsNoNameGetsOneInFront) {
    EXPECT_EQ(journal_field_name("5xx"), "FIELD_5XX");
    EXPECT_EQ(journal_field_name("_pid"), "FIELD__PID");
    EXPECT_EQ(journal_field_name(""), "FIELD_");
}

TEST(JournalEntryTest, NoKeyPassesForWhatTheEntryItselfSays) {
    EXPECT_EQ(journal_field_name("message"), "FIELD_MESSAGE");
    EXPECT_EQ(journal_field_name("Priority"), "FIELD_PRIORITY");
    EXPECT_EQ(journal_field_name("code-file"), "FIELD_CODE_FILE");
}

TEST(JournalEntryTest, ANameIsNoLongerThanTheJournalTakes) {
    EXPECT_EQ(journal_field_name(std::string(100, 'a')), std::string(64, 'A'));
    EXPECT_EQ(journal_field_name(std::string(100, '1')).size(), 64U);
}

}  // namespace
}  // namespace servicekit::policies
