#include "core/metrics_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "servicekit/core/metrics.hpp"

namespace servicekit {
namespace {

class MetricsTextTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string prometheus() const { return metrics_text(metrics.collect(), MetricsFormat::prometheus); }
    [[nodiscard]] std::string open() const { return metrics_text(metrics.collect(), MetricsFormat::openmetrics); }

    Metrics metrics{[](std::string_view) { return false; }};
};

TEST_F(MetricsTextTest, ACounterEndsInTotal) {
    metrics.counter("lines", "lines taken in").add(3);
    metrics.counter("read.bytes_total", "read from clients", "bytes").add(UINT64_MAX);
    EXPECT_EQ(prometheus(),
              "# HELP lines_total lines taken in\n"
              "# TYPE lines_total counter\n"
              "lines_total 3\n"
              "# HELP read_bytes_total read from clients\n"
              "# TYPE read_bytes_total counter\n"
              "read_bytes_total 18446744073709551615\n");
    EXPECT_EQ(open(),
              "# HELP lines lines taken in\n"
              "# TYPE lines counter\n"
              "lines_total 3\n"
              "# HELP read_bytes read from clients\n"
              "# TYPE read_bytes counter\n"
              "# UNIT read_bytes bytes\n"
              "read_bytes_total 18446744073709551615\n"
              "# EOF\n");
}

TEST_F(MetricsTextTest, AGaugeMayBeAnyNumber) {
    metrics.gauge("low", "a").set(INT64_MIN);
    const RealGauge gauge = metrics.real_gauge("load", "b");
    for (const auto& [number, text] : {std::pair{0.1, "0.1"},
                                       {3.0, "3.0"},
                                       {-1e300, "-1e+300"},
                                       {NAN, "NaN"},
                                       {HUGE_VAL, "+Inf"},
                                       {-HUGE_VAL, "-Inf"}}) {
        gauge.set(number);
        EXPECT_EQ(prometheus(),
                  "# HELP low a\n# TYPE low gauge\nlow -9223372036854775808\n"
                  "# HELP load b\n# TYPE load gauge\nload " +
                      std::string{text} + "\n");
    }
}

TEST_F(MetricsTextTest, AHistogramHasItsBucketsSumAndCount) {
    const Histogram times = metrics.histogram("reply", "how long", {0.1, 1}, "seconds");
    times.observe(0.1);
    times.observe(std::chrono::milliseconds{500});
    times.observe(7);
    times.observe(NAN);
    EXPECT_EQ(open(),
              "# HELP reply_seconds how long\n"
              "# TYPE reply_seconds histogram\n"
              "# UNIT reply_seconds seconds\n"
              "reply_seconds_bucket{le=\"0.1\"} 1\n"
              "reply_seconds_bucket{le=\"1.0\"} 2\n"
              "reply_seconds_bucket{le=\"+Inf\"} 3\n"
              "reply_seconds_sum 7.6\n"
              "reply_seconds_count 3\n"
              "# EOF\n");
}

TEST_F(MetricsTextTest, EachCombinationOfLabelsIsASeries) {
    const auto replies = metrics.labelled_counter("replies", "sent", {"method", "code"});
    replies.with({"get", "200"}).add(2);
    replies.with({"put", "404"}).add();
    EXPECT_EQ(prometheus(),
              "# HELP replies_total sent\n"
              "# TYPE replies_total counter\n"
              "replies_total{method=\"get\",code=\"200\"} 2\n"
              "replies_total{method=\"put\",code=\"404\"} 1\n");
}

TEST_F(MetricsTextTest, TextsAreEscaped) {
    metrics.labelled_gauge("g", "a \\ \"b\"\nc", {"l"}).with({"x\"\\\n\xFF\xC3\xA4"}).set(1);
    EXPECT_EQ(prometheus(),
              "# HELP g a \\\\ \"b\"\\nc\n"
              "# TYPE g gauge\n"
              "g{l=\"x\\\"\\\\\\n\xEF\xBF\xBD\xC3\xA4\"} 1\n");
    EXPECT_TRUE(open().starts_with("# HELP g a \\\\ \\\"b\\\"\\nc\n"));
}

TEST_F(MetricsTextTest, NoTextControlsATerminal) {
    metrics.labelled_gauge("g", "a\033]0;owned\a", {"l"}).with({"\033[2J"}).set(1);
    EXPECT_EQ(prometheus(),
              "# HELP g a\xEF\xBF\xBD]0;owned\xEF\xBF\xBD\n"
              "# TYPE g gauge\n"
              "g{l=\"\xEF\xBF\xBD[2J\"} 1\n");
}

TEST_F(MetricsTextTest, OnlyACounterLosesItsEnding) {
    static_cast<void>(metrics.gauge("disk_total", "a"));
    EXPECT_TRUE(prometheus().ends_with("\ndisk_total 0\n"));
}

TEST_F(MetricsTextTest, TextsAreNotMetrics) {
    metrics.text("peer", "who").set("alice");
    EXPECT_EQ(open(), "# EOF\n");
}

}  // namespace
}  // namespace servicekit
