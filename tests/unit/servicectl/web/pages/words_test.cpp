#include "servicectl/web/pages/words.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace servicekit::servicectl::web {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

TEST(WordsTest, BytesHaveTheLargestUnitThatFits) {
    EXPECT_EQ(bytes_in_words(0), "0 B");
    EXPECT_EQ(bytes_in_words(1023), "1023 B");
    EXPECT_EQ(bytes_in_words(5.0 * 1024 * 1024), "5.0 MiB");
    EXPECT_EQ(bytes_in_words(1.5 * 1024 * 1024 * 1024), "1.5 GiB");
    EXPECT_EQ(bytes_in_words(-2048), "-2.0 KiB");
    EXPECT_EQ(bytes_in_words(std::nan("")), "unknown");
}

TEST(WordsTest, NumbersHaveFewDigits) {
    EXPECT_EQ(number_in_words(0), "0");
    EXPECT_EQ(number_in_words(0.0424), "0.042");
    EXPECT_EQ(number_in_words(12.5), "12.5");
    EXPECT_EQ(number_in_words(999.4), "999");
    EXPECT_EQ(number_in_words(999.6), "1 k");
    EXPECT_EQ(number_in_words(-1234567), "-1.23 M");
    EXPECT_EQ(number_in_words(1e300), "more than 999 P");
    EXPECT_EQ(number_in_words(infinite), "infinite");
    EXPECT_EQ(number_in_words(std::nan("")), "unknown");
}

TEST(WordsTest, ValuesHaveTheirUnit) {
    EXPECT_EQ(value_in_words(0.02, "seconds"), "20 ms");
    EXPECT_EQ(value_in_words(2e-6, "seconds"), "2 µs");
    EXPECT_EQ(value_in_words(90, "seconds"), "90 s");
    EXPECT_EQ(value_in_words(1024, "bytes"), "1.0 KiB");
    EXPECT_EQ(value_in_words(3, "requests"), "3 requests");
    EXPECT_EQ(value_in_words(3, ""), "3");
    EXPECT_EQ(value_in_words(infinite, "seconds"), "infinite");
}

TEST(WordsTest, SharesHaveOneDigitAfterThePointIfTheyAreSmall) {
    EXPECT_EQ(percent_in_words(3.44), "3.4 %");
    EXPECT_EQ(percent_in_words(100), "100 %");
    EXPECT_EQ(percent_in_words(std::nan("")), "unknown");
}

TEST(WordsTest, DigitsReadBackAsTheSameNumber) {
    EXPECT_EQ(digits_of(0.1), "0.1");
    EXPECT_EQ(digits_of(infinite), "");
}

TEST(WordsTest, ATextIsCutAfterAWholeCharacter) {
    EXPECT_EQ(shortened("short", 5), "short");
    EXPECT_EQ(shortened("longer", 4), "long...");
    EXPECT_EQ(shortened("ab\xE2\x82\xAC", 4), "ab...");
}

TEST(WordsTest, OneIsNotSeveral) {
    EXPECT_EQ(counted(1, "service"), "1 service");
    EXPECT_EQ(counted(0, "service"), "0 services");
}

}  // namespace
}  // namespace servicekit::servicectl::web
