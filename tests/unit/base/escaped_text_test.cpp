#include "base/escaped_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace servicekit {
namespace {

using namespace std::string_view_literals;

std::string utf8(unsigned code) {
    std::string text;
    const auto trail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xC0U | (code >> 6U));
        trail(0);
    } else if (code < 0x10000) {
        text += static_cast<char>(0xE0U | (code >> 12U));
        trail(6);
        trail(0);
    } else {
        text += static_cast<char>(0xF0U | (code >> 18U));
        trail(12);
        trail(6);
        trail(0);
    }
    return text;
}

TEST(EscapedTextTest, KeepsPrintableCharacters) {
    for (const std::string_view text : {"", "C:\\temp", "50 % \"of\" it", "h\xC3\xB6her", "\xC2\xA0", "\xE2\x82\xAC",
                                        "\xE2\x80\x8D", "\xF0\x9F\x98\x80", "a text of more than sixteen letters"})
        EXPECT_EQ(escaped(text), text);
}

TEST(EscapedTextTest, EscapesEveryControlCharacterOfAscii) {
    for (unsigned code = 0; code < 0x80; ++code) {
        const std::string text = escaped("a" + utf8(code) + "b");
        const bool is_control = code < 0x20 || code == 0x7F;
        EXPECT_EQ(text.size(), is_control ? (code == '\n' || code == '\r' || code == '\t' ? 4U : 6U) : 3U) << text;
    }
    EXPECT_EQ(escaped("\x1b[31m\a\x7f\0\r\n\t"sv), R"(\x1b[31m\x07\x7f\x00\r\n\t)");
}

TEST(EscapedTextTest, EscapesTheSecondSetOfControlCharacters) {
    for (unsigned code = 0x80; code < 0xA0; ++code) EXPECT_TRUE(escaped(utf8(code)).starts_with("\\u00")) << code;
    EXPECT_EQ(escaped("a\xC2\x9B"
                      "31m"),
              "a\\u009b31m");
}

TEST(EscapedTextTest, EscapesBytesThatAreNotUtf8) {
    for (int byte = 0x80; byte < 0x100; ++byte)
        EXPECT_TRUE(escaped(std::string{"a"} + static_cast<char>(byte)).starts_with("a\\x")) << byte;
    EXPECT_EQ(escaped("\x9B"
                      "31m"),
              "\\x9b31m");
    EXPECT_EQ(escaped("\xC0\x9B"), "\\xc0\\x9b");           // an overlong form
    EXPECT_EQ(escaped("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // half of a surrogate pair
}

TEST(EscapedTextTest, EscapesCharactersThatReorderOrBreakText) {
    for (const unsigned code : {0x061CU, 0x200EU, 0x200FU, 0x2028U, 0x2029U, 0x202AU, 0x202BU, 0x202CU, 0x202DU,
                                0x202EU, 0x2066U, 0x2067U, 0x2068U, 0x2069U, 0xFEFFU})
        EXPECT_TRUE(escaped("a" + utf8(code)).starts_with("a\\u")) << code;
    EXPECT_EQ(escaped("\xE2\x80\xAE"
                      "fdp.exe"),
              "\\u202efdp.exe");
}

TEST(EscapedTextTest, EscapesOrKeepsEachUnicodeCharacter) {
    for (unsigned code = 0xA0; code < 0x110000; code += code < 0x3000 ? 1 : 0x101) {
        if (code >= 0xD800 && code < 0xE000) continue;
        const std::string text = utf8(code);
        const std::string safe = escaped(text);
        EXPECT_TRUE(safe == text || safe.starts_with("\\u")) << code;
        EXPECT_EQ(plain_character(text), safe == text ? text.size() : 0U) << code;
    }
}

TEST(EscapedTextTest, EscapesAtEveryPosition) {
    const std::string text = "as long as three machine words, and more";
    for (const std::string_view special : {"\0"sv, "\x7F"sv, "\xC2\x85"sv, "\xFF"sv})
        for (std::size_t at = 0; at <= text.size(); ++at) {
            std::string given = text;
            given.insert(at, special);
            std::string expected = text;
            expected.insert(at, escaped(special));
            EXPECT_EQ(escaped(given), expected);
        }
}

TEST(EscapedTextTest, KeepsNewlinesAndTabsOfATextOfSeveralLines) {
    EXPECT_EQ(escaped("a\tb\n\x1b[2J\rc\n", Breaks::allow), "a\tb\n\\x1b[2J\\rc\n");
}

TEST(EscapedTextTest, EscapesNothingTwice) {
    const std::string once = escaped("\x1b\n\xC2\x9B\xFF\\");
    EXPECT_EQ(escaped(once), once);
}

TEST(EscapedTextTest, NeedsAtMostSixBytesForEachByte) {
    for (int byte = 0; byte < 0x100; ++byte) EXPECT_LE(escaped(std::string(1, static_cast<char>(byte))).size(), 6U);
}

TEST(UnfinishedCharacterTest, IsThePrefixOfACharacter) {
    EXPECT_EQ(unfinished_character(""), 0U);
    EXPECT_EQ(unfinished_character("abc"), 0U);
    EXPECT_EQ(unfinished_character("a\xC3"), 1U);
    EXPECT_EQ(unfinished_character("a\xC3\xA4"), 0U);
    EXPECT_EQ(unfinished_character("a\xE2\x82"), 2U);
    EXPECT_EQ(unfinished_character("a\xE2\x82\xAC"), 0U);
    EXPECT_EQ(unfinished_character("\xF0\x9F\x98"), 3U);
    EXPECT_EQ(unfinished_character("\xF0\x9F\x98\x80"), 0U);
    EXPECT_EQ(unfinished_character("\x80\x80\x80"), 0U);
    EXPECT_EQ(unfinished_character("\xFF"), 0U);
}

}  // namespace
}  // namespace servicekit
