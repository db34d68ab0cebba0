#include "base/names.hpp"

#include <gtest/gtest.h>

#include <array>

namespace servicekit {
namespace {

TEST(NamesTest, ANameHasLettersDigitsAndThreeOtherCharacters) {
    EXPECT_TRUE(is_valid_name("a"));
    EXPECT_TRUE(is_valid_name("Just_another-Server.2"));
    EXPECT_TRUE(is_valid_name("-x"));
    EXPECT_TRUE(is_valid_name(std::string(64, 'n')));
}

TEST(NamesTest, OtherBytesAndLengthsAreNotNames) {
    using namespace std::string_view_literals;
    for (const std::string_view name : {"", ".hidden", "..", "a/b", "a b", "a\n", "\xC3\xA4"})
        EXPECT_FALSE(is_valid_name(name)) << name;
    EXPECT_FALSE(is_valid_name("a\0b"sv));
    EXPECT_FALSE(is_valid_name(std::string(65, 'n')));
}

constexpr std::array<std::string_view, 5> events{"status", "stop", "log-reopen", "log-level", "backup"};

TEST(NamesTest, TheNearestNameHasTheFewestTypos) {
    EXPECT_EQ(nearest_name("stpo", events), "stop");       // swapped
    EXPECT_EQ(nearest_name("statu", events), "status");    // missing
    EXPECT_EQ(nearest_name("bakcupp", events), "backup");  // swapped, and one letter too many
    EXPECT_EQ(nearest_name("log_level", events), "log-level");
    EXPECT_EQ(nearest_name("log-reoopenx", events), "log-reopen");
}

TEST(NamesTest, LongNamesMayHaveOneTypoPerThreeBytes) {
    EXPECT_EQ(nearest_name("log-ropenen", events), "log-reopen");
    EXPECT_EQ(nearest_name("lgo-roepenn", events), "log-reopen");
}

TEST(NamesTest, ADifferentNameHasNoNearestName) {
    for (const std::string_view name : {"", "x", "ab", "tap", "quit", "compress"})
        EXPECT_EQ(nearest_name(name, events), "") << name;
    EXPECT_EQ(nearest_name("stop", {}), "");
}

TEST(NamesTest, AVeryLongNameHasNoNearestName) {
    const std::string endless(1000000, 's');
    const std::array<std::string_view, 1> same{endless};
    EXPECT_EQ(nearest_name(endless, same), "");
}

TEST(NamesTest, TheHintIsEmptyWithoutANearName) {
    EXPECT_EQ(did_you_mean("stpo", events), "; did you mean 'stop'?");
    EXPECT_EQ(did_you_mean("quit", events), "");
}

}  // namespace
}  // namespace servicekit
