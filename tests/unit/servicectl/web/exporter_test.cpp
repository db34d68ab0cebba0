#include "servicectl/web/exporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "servicekit/base/json.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::AllOf, ::testing::HasSubstr, ::testing::Not;
using Kind = MetricFamily::Kind;

MetricFamily counter(std::string name, std::uint64_t value, std::string help = "help") {
    return {.name = std::move(name),
            .help = std::move(help),
            .kind = Kind::counter,
            .series = {{.label_values = {}, .number = value}}};
}

ScrapedService service(std::string name, std::vector<MetricFamily> families) {
    return {.name = std::move(name), .is_up = true, .state = "running", .families = std::move(families)};
}

std::string text_of(std::vector<ScrapedService> services, MetricsFormat format = MetricsFormat::prometheus) {
    return exported_text(std::move(services), 0.25, format);
}

std::size_t count_of(const std::string& part, const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

TEST(ExporterTest, ServicesShareTheHeadOfAFamily) {
    const std::string text =
        text_of({service("a", {counter("lines", 1, "of a")}), service("b", {counter("lines", 2)})});
    EXPECT_THAT(text, HasSubstr("# HELP lines_total of a\n# TYPE lines_total counter\n"
                                "lines_total{service=\"a\"} 1\nlines_total{service=\"b\"} 2\n"));
    EXPECT_EQ(count_of("# TYPE lines", text), 1U);
    EXPECT_EQ(count_of("# HELP lines", text), 1U);
}

TEST(ExporterTest, OpenMetricsHasItsOwnNamesAndEnd) {
    const std::string text = text_of({service("a", {counter("lines", 1)})}, MetricsFormat::openmetrics);
    EXPECT_THAT(
        text, AllOf(HasSubstr("# TYPE lines counter\nlines_total{service=\"a\"} 1\n"), ::testing::EndsWith("# EOF\n")));
    EXPECT_THAT(text_of({}, MetricsFormat::openmetrics), ::testing::EndsWith("# EOF\n"));
}

TEST(ExporterTest, EachServiceIsUpOrNot) {
    const std::string text = text_of({{.name = "a", .is_up = true, .is_ready = false, .state = "reloading"},
                                      {.name = "b", .is_up = false, .state = "hung"},
                                      {.name = "c", .state = "on demand"}});
    EXPECT_THAT(text,
                AllOf(HasSubstr("servicekit_up{service=\"a\"} 1\n"), HasSubstr("servicekit_up{service=\"b\"} 0\n"),
                      Not(HasSubstr("servicekit_up{service=\"c\"}"))));
    EXPECT_THAT(text, AllOf(HasSubstr("servicekit_ready{service=\"a\"} 0\n"),
                            Not(HasSubstr("servicekit_ready{service=\"b\"}"))));
    EXPECT_THAT(text, AllOf(HasSubstr("servicekit_state{service=\"b\",state=\"hung\"} 1\n"),
                            HasSubstr("servicekit_state{service=\"b\",state=\"running\"} 0\n"),
                            HasSubstr("servicekit_exporter_services 3\n")));
}

TEST(ExporterTest, ServicesOfOneNameAreToldApart) {
    ScrapedService others = service("a", {counter("lines", 2)});
    others.user = "bob";
    ScrapedService first = service("b", {});
    first.control_socket = "/run/one/b.control";
    ScrapedService second = service("b", {});
    second.control_socket = "/run/two/b.control";
    const std::string text = text_of({service("a", {counter("lines", 1)}), others, first, second});
    EXPECT_THAT(text,
                AllOf(HasSubstr("lines_total{service=\"a\"} 1\n"), HasSubstr("lines_total{service=\"a@bob\"} 2\n"),
                      HasSubstr("servicekit_up{service=\"b@/run/one/b.control\"} 1\n"),
                      HasSubstr("servicekit_up{service=\"b@/run/two/b.control\"} 1\n")));
}

TEST(ExporterTest, AFamilyOfAnotherTypeIsDroppedAndCounted) {
    MetricFamily gauge = counter("lines", 7);
    gauge.kind = Kind::gauge;
    const std::string text = text_of({service("a", {counter("lines", 1)}), service("b", {gauge})});
    EXPECT_THAT(text, AllOf(Not(HasSubstr("service=\"b\"} 7")),
                            HasSubstr("servicekit_exporter_dropped_families{reason=\"type\"} 1\n")));
}

TEST(ExporterTest, AnotherUserCannotDisplaceTheFamiliesOfRoot) {
    MetricFamily gauge = counter("lines", 7);
    gauge.kind = Kind::gauge;
    ScrapedService hostile = service("a", {gauge});
    hostile.user = "eve";
    const std::string text = text_of({hostile, service("z", {counter("lines", 1)})});
    EXPECT_THAT(text, AllOf(HasSubstr("# TYPE lines_total counter\n"), HasSubstr("lines_total{service=\"z\"} 1\n"),
                            Not(HasSubstr("a@eve\"} 7"))));
}

TEST(ExporterTest, SamplesOfTwoFamiliesDoNotHaveOneName) {
    const MetricFamily gauge{.name = "lines_total", .series = {{.label_values = {}, .number = std::int64_t{1}}}};
    const MetricFamily own{.name = "servicekit_up", .series = {{.label_values = {}, .number = std::int64_t{5}}}};
    const MetricFamily sum{.name = "times_sum", .series = {{.label_values = {}, .number = std::int64_t{1}}}};
    MetricFamily histogram{.name = "times", .kind = Kind::histogram};
    histogram.series.push_back({.label_values = {}, .number = MetricFamily::Distribution{{{HUGE_VAL, 1}}, 1}});
    const std::string text = text_of({service("a", {counter("lines", 1), histogram}), service("b", {gauge, own, sum})});
    EXPECT_THAT(text, AllOf(HasSubstr("servicekit_exporter_dropped_families{reason=\"name\"} 3\n"),
                            Not(HasSubstr("service=\"b\"} 5"))));
    EXPECT_EQ(count_of("times_sum", text), 1U);
}

TEST(ExporterTest, HostileFamiliesAreDropped) {
    MetricFamily label{.name = "one", .labels = {"service"}, .series = {{.label_values = {"x"}}}};
    MetricFamily twice{.name = "two", .labels = {"a"}, .series = {{.label_values = {"x"}}, {.label_values = {"x"}}}};
    MetricFamily longer{.name = std::string(300, 'x'), .series = {{}}};
    MetricFamily buckets{.name = "three", .kind = Kind::histogram};
    buckets.series.push_back({.label_values = {}, .number = MetricFamily::Distribution{{{1, 5}, {HUGE_VAL, 2}}, 1}});
    MetricFamily unit{.name = "four", .unit = "seconds", .series = {{}}};
    MetricFamily falling{
        .name = "five", .kind = Kind::counter, .series = {{.label_values = {}, .number = std::nan("")}}};
    const std::string text =
        text_of({service("a", {label, twice, longer, buckets, unit, falling, counter("six", 1), counter("six", 2)})});
    for (const char* const reason : {"label", "too-long", "histogram", "name", "number"})
        EXPECT_THAT(text, HasSubstr("dropped_families{reason=\"" + std::string{reason} + "\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("dropped_families{reason=\"duplicate\"} 2\n"));
    EXPECT_EQ(count_of("six_total{", text), 1U);
}

TEST(ExporterTest, LabelValuesAreEscaped) {
    MetricFamily family{.name = "one", .labels = {"a"}, .series = {{.label_values = {"x\"\n\\\x1b"}}}};
    EXPECT_THAT(text_of({service("a", {family})}), HasSubstr("one{service=\"a\",a=\"x\\\"\\n\\\\\xEF\xBF\xBD\"} 0\n"));
}

TEST(ExporterTest, AnotherUserCannotInventStates) {
    ScrapedService hostile{.name = "a", .user = "eve", .is_up = true, .state = "state-4711"};
    ScrapedService own{.name = "b", .is_up = true, .state = "strange"};
    const std::string text = text_of({hostile, own});
    EXPECT_THAT(text, AllOf(Not(HasSubstr("state-4711")), HasSubstr("{service=\"a@eve\",state=\"unknown\"} 1\n"),
                            HasSubstr("{service=\"b\",state=\"strange\"} 1\n")));
}

TEST(ExporterTest, TooManySeriesAreNotTaken) {
    Value::List series;
    for (int i = 0; i < 20; ++i) series.emplace_back(Object{{"value", i}});
    const Object reply{
        {"metrics", Value::List{Object{{"name", "a"}, {"type", "gauge"}, {"help", ""}, {"series", series}}}}};
    EXPECT_TRUE(bounded_families(reply, 30));
    EXPECT_FALSE(bounded_families(reply, 10));
    EXPECT_FALSE(bounded_families({{"nonsense", true}}, 10));
}

TEST(NegotiationTest, TheClientChooses) {
    constexpr const char* prometheus_2 =
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    EXPECT_EQ(negotiated_format(prometheus_2), MetricsFormat::openmetrics);
    for (const char* const accept : {"", "*/*", "text/plain;version=0.0.4", "text/html,application/xml;q=0.9",
                                     "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=0",
                                     "text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.1"})
        EXPECT_EQ(negotiated_format(accept), MetricsFormat::prometheus) << accept;
    EXPECT_EQ(negotiated_format("Application/OpenMetrics-Text; version=1.0.0"), MetricsFormat::openmetrics);
}

}  // namespace
}  // namespace servicekit::servicectl::web
