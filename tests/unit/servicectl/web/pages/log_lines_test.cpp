#include "servicectl/web/pages/log_lines.hpp"

#include <gmock/gmock.h>

#include "servicectl/web/pages/limits.hpp"
#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::EndsWith, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not, ::testing::StartsWith;

TEST(LogLinesTest, ALineHasTheClassOfItsLevel) {
    EXPECT_EQ(log_line("2026-12-01T05:00:00.000001Z warning greeter[1]: hm").markup(),
              "<div class=\"line warning\"><span class=\"time\">2026-12-01T05:00:00.000001Z</span> warning greeter[1]: "
              "hm</div>");
    EXPECT_THAT(log_line(R"({"time":"2026-12-01T05:00:00Z","level":"error","message":"x"})").markup(),
                StartsWith("<div class=\"line error\">{&quot;time"));
}

TEST(LogLinesTest, ALineOfAnotherProgramIsShownAsItIs) {
    EXPECT_EQ(log_line("warning: hm").markup(), "<div class=\"line\">warning: hm</div>");
    EXPECT_EQ(log_line("2026-12-01T05:00:00.000001Z\" onclick=x").markup(),
              "<div class=\"line\">2026-12-01T05:00:00.000001Z&quot; onclick=x</div>");
    EXPECT_EQ(log_line("").markup(), "<div class=\"line\"></div>");
    EXPECT_EQ(log_line("2026-12-01T05:00:00.000001Z").markup(),
              "<div class=\"line\"><span class=\"time\">2026-12-01T05:00:00.000001Z</span></div>");
}

TEST(LogLinesTest, AMessageCannotForgeALevelOrALine) {
    EXPECT_THAT(log_line(R"({"message":"\"level\":\"error\"","level":"info"})").markup(),
                StartsWith("<div class=\"line info\">"));
    EXPECT_THAT(log_line("a\nb").markup(), HasSubstr("a\\nb"));
    EXPECT_THAT(faults_of(log_line(hostile).markup()), IsEmpty());
}

TEST(LogLinesTest, OnlyTheLastLinesAreKept) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < limits::log_lines + 2; ++i) lines.push_back("line " + std::to_string(i) + ".");
    const std::string markup = log_lines(lines).markup();

    EXPECT_THAT(markup, Not(HasSubstr("line 1.")));
    EXPECT_THAT(markup, StartsWith("<div class=\"line\">line 2.</div>"));
    EXPECT_THAT(markup, EndsWith("<div class=\"line\">line 501.</div>"));
}

TEST(LogLinesTest, ALongLineIsCut) {
    EXPECT_LT(log_line(std::string(1'000'000, 'x')).markup().size(), limits::log_line + 100);
}

TEST(LogLinesTest, AGapIsANote) {
    EXPECT_THAT(skipped_lines(0).markup(), IsEmpty());
    EXPECT_EQ(text_in(skipped_lines(1).markup()), "1 line is left out here");
    EXPECT_EQ(text_in(skipped_lines(20).markup()), "20 lines are left out here");
}

}  // namespace
}  // namespace servicekit::servicectl::web
