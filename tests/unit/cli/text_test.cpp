#include "cli/text.hpp"

#include <gtest/gtest.h>

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;

TEST(DurationInWordsTest, ShowsTheTwoGreatestUnits) {
    EXPECT_EQ(duration_in_words(0s), "0 seconds");
    EXPECT_EQ(duration_in_words(1s), "1 second");
    EXPECT_EQ(duration_in_words(59s), "59 seconds");
    EXPECT_EQ(duration_in_words(60s), "1 minute");
    EXPECT_EQ(duration_in_words(61s), "1 minute 1 second");
    EXPECT_EQ(duration_in_words(2h + 3min + 4s), "2 hours 3 minutes");
    EXPECT_EQ(duration_in_words(2h + 4s), "2 hours");
    EXPECT_EQ(duration_in_words(24h), "1 day");
    EXPECT_EQ(duration_in_words(24h + 59min), "1 day");
    EXPECT_EQ(duration_in_words(49h), "2 days 1 hour");
    EXPECT_EQ(duration_in_words(24h * 4000), "4000 days");
    EXPECT_EQ(duration_in_words(-5s), "0 seconds");
}

TEST(DurationTest, IsShortInATable) {
    EXPECT_EQ(short_duration(0s), "0s");
    EXPECT_EQ(short_duration(61s), "1m 1s");
    EXPECT_EQ(short_duration(2h + 4s), "2h");
    EXPECT_EQ(short_duration(75h + 30min), "3d 3h");
}

TEST(PlainTextTest, ShowsStringsWithoutQuotesAndTheRestAsJson) {
    EXPECT_EQ(plain_text(Value{"two words"}), "two words");
    EXPECT_EQ(plain_text(Value{12}), "12");
    EXPECT_EQ(plain_text(Value{Object{{"a", true}}}), R"({"a":true})");
}

TEST(PlainTextTest, EscapesTerminalControls) { EXPECT_EQ(plain_text(Value{"a\033[2Jb\nc"}), "a\\x1b[2Jb\\nc"); }

TEST(ColumnsTest, CountsCodePoints) {
    EXPECT_EQ(columns("ae"), 2U);
    EXPECT_EQ(columns("\xC3\xA4\xE2\x82\xAC"), 2U);
    EXPECT_EQ(cut("\xC3\xA4\xE2\x82\xAC", 1), "\xC3\xA4");
    EXPECT_EQ(cut("abc", 3), "abc");
    EXPECT_EQ(cut("abc", 0), "");
}

TEST(TableTest, AlignsItsColumns) {
    EXPECT_EQ(table({{"name", "x"}, {"connections", "12"}}), "name         x\nconnections  12\n");
    EXPECT_EQ(table({{"\xC3\xA4", "1"}, {"bb", "2"}}), "\xC3\xA4   1\nbb  2\n");
    EXPECT_EQ(table({}), "");
}

TEST(TableTest, EscapesControlsAndNewlinesInACell) {
    EXPECT_EQ(table({{"a\nb", "\xC2\x9B"}, {"c", "\033[2J"}}), "a\\nb  \\u009b\nc     \\x1b[2J\n");
}

}  // namespace
}  // namespace servicekit::cli
