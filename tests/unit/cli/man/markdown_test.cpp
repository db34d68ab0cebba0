#include "cli/man/markdown.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre, ::testing::EndsWith, ::testing::SizeIs;
using Kind = MarkdownBlock::Kind;

std::string code_of(std::string_view markdown, const NameOfPage& name_of_page = {}) {
    return roff_of(markdown, name_of_page).code();
}

/// Returns what add_blocks() adds to a page.
std::string added(std::string_view markdown) {
    ManPage page{{.name = "x"}};
    const std::size_t begin = page.text().size();
    add_blocks(page, parse_markdown(markdown), {});
    return page.text().substr(begin);
}

TEST(MarkdownTest, ReadsBlocksAndLeavesOutCodeImagesAndComments) {
    const auto blocks = parse_markdown(
        "# Title\n\n<!-- run: x -->\n```sh\n# no heading\n- no list\n```\n\n![drawing](x.svg)\n\none\ntwo\n- three\n  "
        "four\n- five\n\n1. six\n\n## Part\n");
    ASSERT_THAT(blocks, SizeIs(6));
    EXPECT_EQ(blocks[0].kind, Kind::heading);
    EXPECT_EQ(blocks[0].level, 1U);
    EXPECT_EQ(blocks[1].text, "one two");
    EXPECT_EQ(blocks[2].kind, Kind::bullet);
    EXPECT_EQ(blocks[2].text, "three four");
    EXPECT_EQ(blocks[3].text, "five");
    EXPECT_EQ(blocks[4].text, "1. six");
    EXPECT_EQ(blocks[5].text, "Part");
}

TEST(MarkdownTest, ReadsATableWhoseCellsMayHaveBarsInCode) {
    const auto blocks = parse_markdown("| a | b | c |\n|---|---|---|\n| `x|y` | 1 | |\n| | 2 |\n\nend\n");
    const MarkdownTable table = find_table(blocks, "a", "b");
    EXPECT_THAT(table.header, ElementsAre("a", "b", "c"));
    EXPECT_THAT(table.rows, ElementsAre(ElementsAre("`x|y`", "1", ""), ElementsAre("", "2", "")));
    EXPECT_THROW((void)find_table(blocks, "a", "c"), std::out_of_range);
}

TEST(MarkdownTest, FindsTheBlocksBelowAHeading) {
    const auto blocks = parse_markdown("# A\n\none\n\n## B\n\ntwo\n\nthree\n\n## C\n");
    EXPECT_THAT(blocks_below(blocks, "B"), SizeIs(2));
    EXPECT_THAT(blocks_below(blocks, "C"), SizeIs(0));
    EXPECT_THROW((void)blocks_below(blocks, "D"), std::out_of_range);
}

TEST(MarkdownTest, CodeIsBoldAndLinksAreTheirText) {
    EXPECT_EQ(code_of("run `a -b` **now**"), R"(run \fBa \-b\fR \fBnow\fR)");
    EXPECT_EQ(code_of("see [the `x` page](x.md#y)"), R"(see the \fBx\fR page)");
    EXPECT_EQ(code_of("it is ([why](decisions/1.md)). So"), "it is. So");
    EXPECT_EQ(code_of("a [b ** `c"), R"(a [b ** \(gac)");
}

TEST(MarkdownTest, ALinkThatShowsTheNameOfAPageHasThePagesNameInManPages) {
    const auto name = [](std::string_view target) { return target == "x.md" ? "X(7)" : ""; };
    EXPECT_EQ(code_of("see [x.md](x.md), [y.md](y.md), [text](x.md)", name), R"(see \fBX(7)\fR, y.md, text)");
}

TEST(MarkdownTest, ARowOfATableIsAnItem) {
    EXPECT_EQ(added("| a | b |\n|---|---|\n| `x` | does y |\n"), ".TP\n\\fBx\\fR\ndoes y\n");
    EXPECT_EQ(added("| a | mode | `b` |\n|---|---|---|\n| x | 1 | |\n| y | 2 | 3 |\n"),
              ".TP\nx\nMode: 1\n.TP\ny\nMode: 2\n.br\n\\fBb\\fR: 3\n");
    EXPECT_EQ(added("| a | b | c |\n|---|---|---|\n| x | 1 | one |\n| | 2 | two |\n"), ".TP\nx\n1: one\n.br\n2: two\n");
}

TEST(MarkdownTest, ABulletThatBeginsWithATermIsAnItem) {
    EXPECT_EQ(added("- **`x`**: does y\n- z\n"), ".TP\n\\fBx\\fR\ndoes y\n.IP \\(bu 2\nz\n");
}

}  // namespace
}  // namespace servicekit::cli
