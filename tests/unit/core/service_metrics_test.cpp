#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "core/metrics_json.hpp"
#include "core/metrics_text.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class ServiceMetricsTest : public testing::LongJobTest {
protected:
    std::string page() {
        const auto families = metrics_from_json(ask(R"(["metrics"])"));
        return families ? metrics_text(*families, MetricsFormat::prometheus) : families.error().message();
    }
};

TEST_F(ServiceMetricsTest, EventsAreCountedByNameAndOutcome) {
    add("upload", [](Context& context) {
        context.wait_for(60s);
        return Reply{};
    });
    add("broken", [](Context&) -> Reply { throw std::runtime_error("no"); });
    start();
    auto first = begin(R"(["upload"])");
    auto second = begin(R"(["upload"])");
    EXPECT_THAT(page(), HasSubstr("\nservicekit_events_waiting 1\n"));
    EXPECT_THAT(page(), HasSubstr("\nservicekit_events_running 1\n"));
    ask(R"(["cancel", {"id": 2}])");
    next(first);
    ask(R"(["broken"])");
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("servicekit_events_total{event=\"upload\",outcome=\"done\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_events_total{event=\"upload\",outcome=\"never-ran\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_events_total{event=\"broken\",outcome=\"failed\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_event_duration_seconds_bucket{event=\"upload\",le=\"10.0\"} 0\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_event_duration_seconds_bucket{event=\"upload\",le=\"60.0\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_event_duration_seconds_sum{event=\"upload\"} 60.0\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, RequestsAreCountedByRoleAndError) {
    let_everybody_connect();
    start();
    ask(R"(["status"])");
    ask(R"(["status"])", {.pid = 9, .uid = 77, .gid = 77});
    ask(R"(["invented by a client"])");
    ask("[7]");
    ask(R"(["cancel", {"id": 7}])");
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("servicekit_requests_total{role=\"none\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_requests_total{role=\"owner\"} 5\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"not-allowed\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"event-not-found\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"malformed-request\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"bad-argument\"} 1\n"));
    EXPECT_THAT(after, Not(HasSubstr("invented")));
    EXPECT_EQ(life.stop(), 0);
}

// The program chooses these names freely.
TEST_F(ServiceMetricsTest, ManyNamesOfPostedWorkAreCountedTogether) {
    start();
    for (int i = 0; i < 300; ++i) {
        service().post_work("order-" + std::to_string(i), [] {});
        os.settle();
    }
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("servicekit_events_total{event=\"order-199\",outcome=\"done\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_events_total{event=\"other\",outcome=\"done\"} 100\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, ReloadsLogLinesAndTheMetricsOfTheProgramAreThere) {
    bool fails = false;
    hooks.on_reload = [&] {
        if (fails) throw std::runtime_error("no");
    };
    start();
    service().metrics().counter("greetings", "greetings that were given").add(3);
    ask(R"(["reload"])");
    fails = true;
    ask(R"(["reload"])");
    service().log().warning("a line");
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("greetings_total 3\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_reloads_total{outcome=\"done\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_reloads_total{outcome=\"failed\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_log_lines_total{level=\"warning\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_build_info{version=\"\",servicekit_version=\""));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, TheProcessIsThatOfTheSystem) {
    os.processes.set_usage({.memory = 8192, .virtual_memory = 4096000, .threads = 7, .cpu = 2500ms});
    start();
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("\nprocess_cpu_seconds_total 2.5\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_resident_memory_bytes 8192\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_virtual_memory_bytes 4096000\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_threads 7\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_start_time_seconds 17673"));
    EXPECT_THAT(after, HasSubstr("\nprocess_max_fds " + std::to_string(os.process.descriptor_limit()) + "\n"));
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
}  // namespace servicekit
