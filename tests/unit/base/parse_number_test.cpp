#include "base/parse_number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "base/parse_id.hpp"

namespace servicekit {
namespace {

TEST(ParseNumberTest, NeedsTheWholeText) {
    EXPECT_EQ(parse_number<int>("4711"), 4711);
    EXPECT_EQ(parse_number<int>("-7"), -7);
    EXPECT_EQ(parse_number<double>("2.5"), 2.5);
    for (const char* text : {"", " 1", "1 ", "1\n", "+1", "0x1", "1.5", "one", "-"})
        EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
}

TEST(ParseNumberTest, RefusesNumbersOutOfRange) {
    EXPECT_EQ(parse_number<std::int8_t>("128"), std::nullopt);
    EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
    EXPECT_EQ(parse_number<double>("1e999"), std::nullopt);
}

TEST(ParseNumberTest, ReadsOtherBases) {
    EXPECT_EQ(parse_number<unsigned>("640", 8), 0640U);
    EXPECT_EQ(parse_number<unsigned>("fe", 16), 0xFEU);
    EXPECT_EQ(parse_number<unsigned>("8", 8), std::nullopt);
}

TEST(ParseIdTest, RefusesTheInvalidId) {
    EXPECT_EQ(parse_id("0"), 0U);
    EXPECT_EQ(parse_id("4294967294"), 4294967294U);
    EXPECT_EQ(parse_id("4294967295"), std::nullopt);
}

}  // namespace
}  // namespace servicekit
