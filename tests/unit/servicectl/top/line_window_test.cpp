#include "servicectl/top/line_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/servicectl/top/fake_screen.hpp"

namespace servicekit::servicectl::top {
namespace {

using ::testing::ElementsAre, ::testing::IsEmpty;

std::string seen(const std::string& text, std::size_t skipped, std::size_t columns) {
    return text_of(window({{text}}, skipped, columns, fake_width));
}

TEST(LineWindowTest, CutsBetweenCharacters) {
    EXPECT_EQ(seen("abcdef", 0, 3), "abc");
    EXPECT_EQ(seen("abcdef", 2, 3), "cde");
    EXPECT_EQ(seen("abcdef", 4, 10), "ef");
    EXPECT_EQ(seen("abcdef", 9, 10), "");
    EXPECT_EQ(seen("größe", 2, 2), "öß");
}

TEST(LineWindowTest, AWideCharacterThatIsHalfOutsideIsNotShown) {
    EXPECT_EQ(seen("日本", 0, 3), "日");
    EXPECT_EQ(seen("日本", 1, 3), " 本");
    EXPECT_EQ(seen("日本", 2, 2), "本");
    EXPECT_EQ(columns_of("日本x", fake_width), 5U);
}

TEST(LineWindowTest, AMarkStaysWithItsCharacter) {
    const std::string accent = "\xcc\x81";
    EXPECT_EQ(seen("e" + accent + "x", 0, 1), "e" + accent);
    EXPECT_EQ(seen("e" + accent + "x", 1, 1), "x");
}

TEST(LineWindowTest, StylesGoWithTheirText) {
    const Style red{.tone = Tone::dead};
    EXPECT_THAT(window({{"ab"}, {"cd", red}, {"ef"}}, 1, 3, fake_width), ElementsAre(Span{"b"}, Span{"cd", red}));
}

TEST(LineWindowTest, ALineIsFilledInItsLastStyle) {
    const Style bar{.tone = Tone::plain, .reverse = true};
    EXPECT_THAT(filled({{"日", bar}}, 4, fake_width), ElementsAre(Span{"日  ", bar}));
    EXPECT_THAT(filled({{"long"}}, 2, fake_width), ElementsAre(Span{"long"}));
    EXPECT_EQ(padded("日", 3, fake_width), "日 ");
}

TEST(LineWindowTest, ATextIsTakenApartAtItsNewlines) {
    EXPECT_THAT(lines_of("one\n\ntwo"), ElementsAre("one", "", "two"));
    EXPECT_THAT(lines_of("one\n"), ElementsAre("one"));
    EXPECT_THAT(lines_of(""), IsEmpty());
}

}  // namespace
}  // namespace servicekit::servicectl::top
