#include "servicekit/core/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "servicekit/base/json.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public ::testing::Test {
protected:
    Metrics metrics{[](std::string_view name) { return name == "pid"; }};

    /// \returns the reason why the name is rejected
    std::string refusal(const std::string& name) {
        try {
            static_cast<void>(metrics.counter(name, "a count"));
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "not refused";
    }
};

TEST_F(MetricsTest, AreReadInDeclarationOrder) {
    EXPECT_TRUE(metrics.empty());
    const Counter lines = metrics.counter("lines", "lines taken in");
    const Gauge connections = metrics.gauge("connections", "clients that are connected");
    const RealGauge load = metrics.real_gauge("load", "share of the time that it works");
    const Text file = metrics.text("file", "what it reads");
    EXPECT_EQ(to_json(metrics.read()), R"({"lines":0,"connections":0,"load":0.0,"file":""})");

    lines.add();
    lines.add(41);
    connections.set(true);
    EXPECT_EQ(connections.value(), 1);
    connections.set(3U);
    connections.add(-5);
    load.set(0.25);
    file.set("/srv/a");

    EXPECT_EQ(to_json(metrics.read()), R"({"lines":42,"connections":-2,"load":0.25,"file":"/srv/a"})");
    EXPECT_EQ(lines.value(), 42U);
    EXPECT_EQ(connections.value(), -2);
    EXPECT_EQ(load.value(), 0.25);
    EXPECT_EQ(file.value(), "/srv/a");
}

TEST_F(MetricsTest, CopiesOfAHandleUpdateTheSameValue) {
    const Counter lines = metrics.counter("lines", "lines taken in");
    const Counter copy = lines;  // NOLINT(performance-unnecessary-copy-initialization): that is the test
    copy.add(2);
    EXPECT_EQ(lines.value(), 2U);
}

TEST_F(MetricsTest, AHandleWithoutAServiceUpdatesNothing) {
    Counter{}.add();
    Gauge{}.set(1);
    Gauge{}.add(1);
    RealGauge{}.set(1);
    Text{}.set("text");
    Histogram{}.observe(1);
    Labelled<Counter>{}.with({"a"}).add();
    EXPECT_EQ(Counter{}.value(), 0U);
    EXPECT_EQ(Gauge{}.value(), 0);
    EXPECT_EQ(RealGauge{}.value(), 0);
    EXPECT_EQ(Text{}.value(), "");
    EXPECT_TRUE(metrics.empty());
}

TEST_F(MetricsTest, NumbersOutOfRangeAreClamped) {
    const Counter lines = metrics.counter("lines", "lines taken in");
    lines.add(std::numeric_limits<std::uint64_t>::max());
    const Gauge bytes = metrics.gauge("bytes", "size of the queue");
    bytes.set(std::numeric_limits<std::uint64_t>::max());
    metrics.real_gauge("load", "the load").set(std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(to_json(metrics.read()), R"({"lines":18446744073709551615,"bytes":9223372036854775807,"load":null})");
}

TEST_F(MetricsTest, ALongTextIsCutBetweenCharacters) {
    const Text file = metrics.text("file", "what it reads");
    file.set(std::string(300, 'x'));
    EXPECT_EQ(file.value(), std::string(255, 'x'));
    const std::string euro = "\xE2\x82\xAC";
    file.set(std::string(253, 'x') + euro);
    EXPECT_EQ(file.value(), std::string(253, 'x'));
    file.set(std::string(252, 'x') + euro);
    EXPECT_EQ(file.value(), std::string(252, 'x') + euro);
    file.set(std::string(300, '\x80'));
    EXPECT_EQ(file.value(), std::string(255, '\x80'));
}

TEST_F(MetricsTest, RefusesADuplicateOrInvalidName) {
    static_cast<void>(metrics.gauge("lines", "lines that wait"));
    EXPECT_EQ(refusal("lines"), "cannot declare the metric 'lines': it is declared already");
    EXPECT_EQ(refusal("pid"), "cannot declare the metric 'pid': status has a built-in field of this name");
    EXPECT_THAT(refusal("two words"), HasSubstr("cannot declare the metric 'two words': expected a name of letters"));
    EXPECT_EQ(to_json(metrics.read()), R"({"lines":0})");
}

// Many series would make a status too long for those who list all services.
TEST_F(MetricsTest, StatusShowsAHistogramButNoSeries) {
    const Histogram times = metrics.histogram("reply", "how long a reply takes", {0.1, 1}, "seconds");
    times.observe(0.5);
    times.observe(2);
    const auto replies = metrics.labelled_counter("replies", "sent", {"method", "code"});
    replies.with({"get", "200"}).add(3);
    replies.with({"get", "200"}).add();
    EXPECT_EQ(to_json(metrics.read()), R"({"reply":{"count":2,"sum":2.5}})");
    EXPECT_EQ(times.count(), 2U);
}

TEST_F(MetricsTest, ManySeriesAreCountedTogether) {
    const auto replies = metrics.labelled_counter("replies", "sent", {"path"});
    for (int i = 0; i < 3000; ++i) replies.with({std::to_string(i)}).add();
    const auto family = metrics.collect().front();
    EXPECT_EQ(family.series.size(), 1001U);
    EXPECT_EQ(family.series.back().label_values, std::vector<std::string>{"other"});
    EXPECT_EQ(std::get<std::uint64_t>(family.series.back().number), 2000U);
}

// Monitoring systems refuse a page that has a series twice.
TEST_F(MetricsTest, TheRestIsNoSecondSeriesOfThatName) {
    const auto codes = metrics.labelled_counter("codes", "a", {"code"});
    codes.with({"other"}).add();
    for (int i = 0; i < 1100; ++i) codes.with({std::to_string(i)}).add();
    const auto series = metrics.collect().back().series;
    EXPECT_EQ(std::count_if(series.begin(), series.end(),
                            [](const auto& one) { return one.label_values.front() == "other"; }),
              1);
}

TEST_F(MetricsTest, RefusesWhatTheTextFormatsCannotHold) {
    const auto refuses = [](const auto& declare) { EXPECT_THROW(declare(), std::invalid_argument); };
    static_cast<void>(metrics.histogram("times", "a", {1}));
    refuses([&] { static_cast<void>(metrics.counter("times_count", "a")); });
    refuses([&] { static_cast<void>(metrics.gauge("times-sum", "a")); });
    refuses([&] { static_cast<void>(metrics.counter("_total", "a")); });
    static_cast<void>(metrics.counter("a.b", "a"));
    refuses([&] { static_cast<void>(metrics.counter("a_b", "a")); });
    refuses([&] { static_cast<void>(metrics.counter("a_b_total", "a")); });
    refuses([&] { static_cast<void>(metrics.counter("servicekit_events", "a")); });
    refuses([&] { static_cast<void>(metrics.counter("process-cpu", "a")); });
    refuses([&] { static_cast<void>(metrics.counter("c", "a", "per second")); });
    refuses([&] { static_cast<void>(metrics.histogram("h", "a", {2, 1})); });
    refuses([&] { static_cast<void>(metrics.histogram("h", "a", {1, 1})); });
    refuses([&] { static_cast<void>(metrics.histogram("h", "a", {HUGE_VAL})); });
    for (const std::string label : {"", "1", "a-b", "le", "service", "__a"})
        refuses([&] { static_cast<void>(metrics.labelled_counter("c", "a", {label})); });
    refuses([&] { static_cast<void>(metrics.labelled_counter("c", "a", {"x", "x"})); });
    refuses([&] { static_cast<void>(metrics.labelled_counter("c", "a", {})); });
    const auto labelled = metrics.labelled_counter("c", "a", {"x"});
    refuses([&] { static_cast<void>(labelled.with({"1", "2"})); });
}

TEST_F(MetricsTest, ThreadsMayUpdateDeclareAndReadConcurrently) {
    constexpr int rounds = 5'000;
    const Counter lines = metrics.counter("lines", "lines taken in");
    const Gauge connections = metrics.gauge("connections", "clients that are connected");
    const Text file = metrics.text("file", "what it reads");
    const auto update = [&] {
        for (int i = 0; i < rounds; ++i) {
            connections.add(1);
            lines.add();
            file.set(i % 2 == 0 ? "one" : "another");
            connections.add(-1);
        }
    };
    std::thread first{update};
    std::thread second{update};
    std::thread declaring{[&] {
        for (int i = 0; i < 50; ++i) metrics.gauge("gauge-" + std::to_string(i), "a gauge").set(i);
    }};
    std::uint64_t seen = 0;
    while (seen < 2 * rounds) {
        const Object now = metrics.read();
        const auto count = now.get<std::uint64_t>("lines");
        ASSERT_GE(count, seen);
        seen = count;
        ASSERT_LE(now.get<int>("connections"), 2);
        ASSERT_THAT(now.get<std::string>("file"), ::testing::AnyOf("", "one", "another"));
    }
    first.join();
    second.join();
    declaring.join();
    EXPECT_EQ(metrics.read().size(), 53U);
    EXPECT_EQ(connections.value(), 0);
}

/// Metrics in the `status`.
class MetricsInStatusTest : public testing::ServiceTest {
protected:
    /// Returns the reply to `status` while a handler runs.
    std::string status_beside_a_handler() {
        std::string beside;
        add("work", [&](Context&) {
            beside = host.sockets.connect(socket, peer).ask(R"(["status"])");
            return Reply{};
        });
        ask(R"(["work"])");
        raise(SIGTERM);
        EXPECT_EQ(run(), 0);
        return beside;
    }
};

TEST_F(MetricsInStatusTest, ShowsThemBetweenBuiltInFieldsAndOnStatus) {
    hooks.on_status = [](Reply& reply) { reply.set("jobs", 3); };
    const Counter lines = service().metrics().counter("lines", "lines taken in");
    hooks.on_start = [&lines] { lines.add(7); };
    lines.add(7);
    ask(R"(["status"])");
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(replies.at(0), HasSubstr(R"("pid-file":"/run/trial.pid","lines":7,"jobs":3})"));
}

TEST_F(MetricsInStatusTest, ShowsCurrentValuesWhileAHandlerRuns) {
    const Counter lines = service().metrics().counter("lines", "lines taken in");
    add("other", [&](Context&) { return Reply{}; });
    ask(R"(["other"])");
    then([&] { lines.add(8); });
    const std::string beside = status_beside_a_handler();
    EXPECT_THAT(beside, HasSubstr(R"("busy":{"event":"work","seconds":0})"));
    EXPECT_THAT(beside, HasSubstr(R"("lines":8})"));
    EXPECT_THAT(beside, Not(HasSubstr("as-of")));
}

TEST_F(MetricsInStatusTest, OnStatusRunsBeforeTheFirstEvent) {
    int asked = 0;
    hooks.on_status = [&asked](Reply& reply) { reply.set("asked", ++asked); };
    static_cast<void>(service().metrics().gauge("connections", "clients that are connected"));
    EXPECT_THAT(status_beside_a_handler(), HasSubstr(R"("connections":0,"asked":1,"as-of":)"));
    EXPECT_EQ(asked, 1);
}

TEST_F(MetricsInStatusTest, WithoutThemOnStatusRunsOnlyAfterReadiness) {
    std::string log_when_asked;
    hooks.on_status = [&](Reply&) {
        if (log_when_asked.empty()) log_when_asked = log();
    };
    ask(R"(["status"])");
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log_when_asked, HasSubstr("ready"));
}

TEST_F(MetricsInStatusTest, AnOnStatusThatThrowsDoesNotFailTheStart) {
    hooks.on_status = [](Reply&) { throw std::runtime_error("no statistics"); };
    static_cast<void>(service().metrics().gauge("connections", "clients that are connected"));
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'status' failed before the service was ready: no statistics"));
    EXPECT_THAT(log(), HasSubstr("ready"));
}

TEST_F(MetricsInStatusTest, OnStatusMayNotSetThem) {
    hooks.on_status = [](Reply& reply) { reply.set("connections", 99).set("jobs", 1); };
    service().metrics().gauge("connections", "clients that are connected").set(2);
    ask(R"(["status"])");
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(replies.at(0), HasSubstr(R"("connections":2,"jobs":1})"));
    EXPECT_THAT(log(), HasSubstr("on_status() may not set 'connections', which is a metric"));
}

TEST_F(MetricsInStatusTest, RefusesNamesOfBuiltInFields) {
    for (const char* name : {"pid", "control-socket", "uptime", "name", "version", "state", "started-at", "pid-file",
                             "busy", "runs", "queue", "timers", "as-of", "left-out", "error", "progress"})
        EXPECT_THROW(static_cast<void>(service().metrics().gauge(name, "a gauge")), std::invalid_argument) << name;
    EXPECT_TRUE(service().metrics().empty());
}

TEST_F(MetricsInStatusTest, RefusesTheNameOfEachFieldOfTheStatus) {
    ask(R"(["status"])");
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    const auto status = parse_json(replies.at(0));
    for (const auto& [name, value] : std::get<Value>(status).as_object())
        EXPECT_THROW(static_cast<void>(service().metrics().gauge(name, "a gauge")), std::invalid_argument) << name;
}

}  // namespace
}  // namespace servicekit
