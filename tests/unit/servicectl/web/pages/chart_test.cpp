#include "servicectl/web/pages/chart.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "unit/servicectl/web/pages/checked_page.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

constexpr ChartShape small{.width = 10, .height = 13, .slots = 3};

std::string chart_of(const std::vector<double>& values) { return chart(values, small, "history").markup(); }

TEST(ChartTest, TheNewestValueIsAtTheRightEdge) {
    EXPECT_THAT(chart_of({0, 5, 10}), HasSubstr("class=\"line\" d=\"M0 11.5L5 6.5L10 1.5\""));
    EXPECT_THAT(chart_of({10}), HasSubstr("d=\"M10 1.5L10 1.5\""));
}

TEST(ChartTest, OnlyTheLastValuesAreShown) { EXPECT_EQ(chart_of({99, 98, 0, 5, 10}), chart_of({0, 5, 10})); }

TEST(ChartTest, AValueThatIsNotFiniteIsAGap) {
    const double nothing = std::nan("");
    EXPECT_THAT(chart_of({10, nothing, 10}), HasSubstr("class=\"line\" d=\"M0 1.5L0 1.5M10 1.5L10 1.5\""));
    EXPECT_THAT(chart_of({nothing, std::numeric_limits<double>::infinity()}), Not(HasSubstr("path")));
}

TEST(ChartTest, TheRangeIncludesZero) {
    EXPECT_EQ(range_of({5, 7}).lowest, 0);
    EXPECT_EQ(range_of({5, 7}).highest, 7);
    EXPECT_EQ(range_of({-5, -7}).highest, 0);
    EXPECT_EQ(range_of({-5, -7}).lowest, -7);
}

TEST(ChartTest, ExtremeValuesStayInThePicture) {
    const double largest = std::numeric_limits<double>::max();
    for (const auto& values :
         {std::vector<double>{-largest, largest}, std::vector<double>{0, 0, 0}, std::vector<double>{}})
        EXPECT_THAT(chart_of(values), Not(HasSubstr("nan")));
}

TEST(ChartTest, ScreenReadersGetTheLabelOrSkipIt) {
    EXPECT_THAT(chart_of({1}), HasSubstr("role=\"img\" aria-label=\"history\""));
    EXPECT_THAT(chart({1}, small, "").markup(), HasSubstr("aria-hidden=\"true\""));
    EXPECT_THAT(faults_of(chart_of({1, 2})), IsEmpty());
}

}  // namespace
}  // namespace servicekit::servicectl::web
