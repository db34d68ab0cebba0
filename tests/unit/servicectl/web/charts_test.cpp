#include "servicectl/web/charts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace servicekit::servicectl::web {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre, ::testing::IsEmpty, ::testing::SizeIs;
using Kind = MetricFamily::Kind;

class ChartsTest : public ::testing::Test {
protected:
    void take(MetricFamily family, decltype(MetricFamily::Series::number) number) {
        family.series = {
            {.label_values = std::vector<std::string>(family.labels.size(), "x"), .number = std::move(number)}};
        now += 2s;
        charts.take({family}, now);
    }
    Charts charts;
    std::chrono::steady_clock::time_point now{1h};
};

TEST_F(ChartsTest, AGaugeHasItsValues) {
    const MetricFamily gauge{.name = "load", .help = "load", .unit = "ratio"};
    take(gauge, 0.5);
    take(gauge, std::int64_t{2});
    ASSERT_THAT(charts.charts(), SizeIs(1));
    const MetricChart chart = charts.charts().front();
    EXPECT_EQ(chart.name, "load");
    EXPECT_EQ(chart.unit, "ratio");
    EXPECT_FALSE(chart.is_rate);
    EXPECT_THAT(chart.history, ElementsAre(0.5, 2));
    EXPECT_EQ(chart.last, 2);
}

TEST_F(ChartsTest, ACounterHasItsChangeASecond) {
    const MetricFamily counter{.name = "lines", .kind = Kind::counter, .labels = {"a"}};
    take(counter, std::uint64_t{10});
    take(counter, std::uint64_t{14});
    take(counter, std::uint64_t{3});  // the service was started again
    take(counter, std::uint64_t{5});
    const MetricChart chart = charts.charts().front();
    EXPECT_EQ(chart.name, "lines_total{a=\"x\"}");
    EXPECT_TRUE(chart.is_rate);
    EXPECT_THAT(chart.history, ElementsAre(2, 1));
    EXPECT_EQ(chart.last, 5);
}

TEST_F(ChartsTest, AHistogramHasItsRateAndItsMean) {
    const MetricFamily histogram{.name = "times_seconds", .unit = "seconds", .kind = Kind::histogram};
    take(histogram, MetricFamily::Distribution{{{HUGE_VAL, 2}}, 4});
    take(histogram, MetricFamily::Distribution{{{HUGE_VAL, 6}}, 6});
    ASSERT_THAT(charts.charts(), SizeIs(2));
    EXPECT_EQ(charts.charts()[0].name, "times_seconds_count");
    EXPECT_THAT(charts.charts()[0].history, ElementsAre(2));
    EXPECT_THAT(charts.charts()[1].history, ElementsAre(0.5));
    EXPECT_EQ(charts.charts()[1].unit, "seconds");
}

TEST_F(ChartsTest, HistoriesAndSeriesAreBounded) {
    const MetricFamily gauge{.name = "load"};
    for (int i = 0; i < 500; ++i) take(gauge, std::int64_t{i});
    EXPECT_THAT(charts.charts().front().history, SizeIs(Charts::most_values));
    EXPECT_EQ(charts.charts().front().history.back(), 499);

    MetricFamily many{.name = "many", .labels = {"a"}};
    for (int i = 0; i < 1000; ++i)
        many.series.push_back({.label_values = {std::to_string(i)}, .number = std::int64_t{i}});
    charts.take({many}, now + 2s);
    EXPECT_THAT(charts.charts(), SizeIs(Charts::most_charts));
    EXPECT_EQ(charts.left_out(), 1000 - Charts::most_charts);
}

TEST_F(ChartsTest, ASeriesThatIsNotReportedAnyMoreIsForgotten) {
    take({.name = "one"}, 1.0);
    take({.name = "two"}, std::nan(""));
    ASSERT_THAT(charts.charts(), SizeIs(1));
    EXPECT_EQ(charts.charts().front().name, "two");
    EXPECT_THAT(charts.charts().front().history, IsEmpty());
}

TEST(RequestRateTest, LeavesOutTheRequestsOfThisProgram) {
    RequestRate rate;
    std::chrono::steady_clock::time_point now{1h};
    rate.take(100, 2, now);
    EXPECT_THAT(rate.history(), IsEmpty());
    rate.take(112, 2, now += 2s);
    rate.take(113, 2, now += 2s);
    EXPECT_THAT(rate.history(), ElementsAre(5, 0));
    rate.pause();
    rate.take(5, 2, now += 2s);
    rate.take(9, 2, now += 2s);
    EXPECT_THAT(rate.history(), ElementsAre(5, 0, 1));
    for (int i = 0; i < 100; ++i) rate.take(100 + i, 0, now += 1s);
    EXPECT_THAT(rate.history(), SizeIs(RequestRate::most_values));
}

}  // namespace
}  // namespace servicekit::servicectl::web
