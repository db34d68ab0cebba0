#include "cli/man/roff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace servicekit::cli {
namespace {

using ::testing::AllOf, ::testing::EndsWith, ::testing::HasSubstr, ::testing::Not, ::testing::StartsWith;

std::string plain(std::string_view text) { return Roff::plain(text).code(); }

/// Returns the page without the lines of its title.
std::string body(const ManPage& page) { return page.text().substr(page.text().find(".ad l\n") + 6); }

TEST(RoffTest, EscapesWhatRoffReadsAsItsLanguage) {
    EXPECT_EQ(plain(R"(C:\temp \fB \n)"), R"(C:\etemp \efB \en)");
    EXPECT_EQ(plain("--log-level"), R"(\-\-log\-level)");
    EXPECT_EQ(plain("'x' `y` \"z\" ~ ^"), R"(\(aqx\(aq \(gay\(ga \(dqz\(dq \(ti \(ha)");
}

TEST(RoffTest, ALineIsNeverARequest) {
    EXPECT_EQ(plain(".so /etc/passwd"), R"(\&.so /etc/passwd)");
    EXPECT_EQ(plain("'br"), R"(\(aqbr)");
    // Each word may come to the beginning of a line.
    EXPECT_EQ(plain("a .b c.d ..."), R"(a \&.b c.d \&...)");
    EXPECT_EQ(plain("a\n.b\n'c"), R"(a \&.b \(aqc)");
}

TEST(RoffTest, OtherCharactersAreNamedByTheirNumber) {
    EXPECT_EQ(plain("Gr\u00fc\u00dfe"), R"(Gr\[u00FC]\[u00DF]e)");
    EXPECT_EQ(plain("\u20ac \U0001F600 \U00100000"), R"(\[u20AC] \[u1F600] \[u100000])");
}

TEST(RoffTest, ControlCharactersAndWrongUtf8AreShownNotPrinted) {
    EXPECT_EQ(plain("a\x1b[31mb"), R"(a\ex1b[31mb)");
    EXPECT_EQ(plain("\xff\xc3"), R"(\exff\exc3)");
    EXPECT_EQ(plain("\u202eevil"), R"(\eu202eevil)");
    EXPECT_EQ(plain(std::string("a\0b", 3)), R"(a\ex00b)");
}

TEST(RoffTest, RunsOfBlanksAreOneBlank) { EXPECT_EQ(plain("a  b\t\n\r c "), "a b c "); }

TEST(RoffTest, ALongWordMayBeBroken) {
    const std::string long_word(100, 'x');
    EXPECT_EQ(plain("a " + long_word),
              "a " + std::string(39, 'x') + "\\:" + std::string(40, 'x') + "\\:" + std::string(21, 'x'));
    EXPECT_EQ(plain(std::string(30, 'x') + " " + std::string(30, 'y')),
              std::string(30, 'x') + " " + std::string(30, 'y'));
}

TEST(RoffTest, FontsEndWithTheirText) {
    EXPECT_EQ((Roff::bold("--x") + Roff::plain(" ") + Roff::italic("FILE")).code(), R"(\fB\-\-x\fR \fIFILE\fR)");
}

TEST(ManPageTest, TheTitleHasTheDateAsItIs) {
    const ManPage page{
        {.name = "a-b", .section = 1, .date = "2026-11-30", .source = "a-b 1\" .x", .manual = "Services"}};
    EXPECT_THAT(page.text(), StartsWith(".TH \"A\\-B\" \"1\" \"2026-11-30\" \"a\\-b 1\\(dq \\&.x\" \"Services\"\n"));
}

TEST(ManPageTest, LinesAreShortAndKeepTheirSentences) {
    ManPage page{{.name = "x"}};
    std::string text;
    for (int i = 0; i < 60; ++i) text += i % 3 == 2 ? "done. " : "number ";
    page.section("TEXT");
    page.paragraph(Roff::plain(text));

    std::istringstream lines{page.text()};
    std::size_t sentences_at_ends = 0;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U) << line;
        // Otherwise roff adds a blank after some sentences.
        EXPECT_THAT(line, Not(EndsWith(".")));
        if (line.ends_with(".\\&")) ++sentences_at_ends;
    }
    EXPECT_GT(sentences_at_ends, 0U);
}

TEST(ManPageTest, AnItemAlwaysHasATermAndAText) {
    ManPage page{{.name = "x"}};
    page.item(Roff::plain(" "), Roff{});
    page.tight_item(Roff::bold("a"), Roff::plain("  "), 9);
    EXPECT_EQ(body(page), ".TP\n\\&\n\\&\n.PD 0\n.TP 9\n\\fBa\\fR\n\\&\n");
}

TEST(ManPageTest, TheFirstParagraphBelowAHeadingNeedsNoMacro) {
    ManPage page{{.name = "x"}};
    page.section("ONE \"TWO\"");
    page.paragraph(Roff::plain("a"));
    page.paragraph(Roff{});
    page.paragraph(Roff::plain("b"));
    EXPECT_EQ(body(page), ".SH \"ONE \\(dqTWO\\(dq\"\na\n.PP\nb\n");
}

TEST(ManPageTest, LiteralLinesKeepTheirBlanksAndAreNoRequests) {
    ManPage page{{.name = "x"}};
    page.section("S");
    page.literal({"  .x  ", "\ty", "", "'z"});
    EXPECT_EQ(body(page), ".SH \"S\"\n.nf\n\\&  \\&.x\n\\&    y\n\\&\n\\&\\(aqz\n.fi\n");
}

TEST(ManPageTest, TheItemsOfAListHaveNoEmptyLinesBetweenThem) {
    ManPage page{{.name = "x"}};
    page.bullet(Roff::plain("a"));
    page.bullet(Roff::plain("b"));
    page.paragraph(Roff::plain("c"));
    page.numbered("1.", Roff::plain("d"));
    EXPECT_EQ(body(page), ".IP \\(bu 2\na\n.PD 0\n.IP \\(bu 2\nb\n.PD\n.PP\nc\n.IP \"1.\" 4\nd\n");
}

}  // namespace
}  // namespace servicekit::cli
