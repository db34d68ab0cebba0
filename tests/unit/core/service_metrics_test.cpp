#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/metrics_json.hpp"
#include "core/metrics_text.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
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

TEST_F(ServiceMetricsTest, TheWaitOfAnEventAndItsCancellationAreCounted) {
    add("upload", [](Context& context) {
        context.wait_for(1h);
        return Reply{};
    });
    start();
    auto first = begin(R"(["upload"])");
    auto second = begin(R"(["upload"])");
    os.advance(20s);
    ask(R"(["cancel", {"id": 1}])");
    next(first);
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("\nservicekit_event_wait_seconds_count 2\n"));
    EXPECT_THAT(after, HasSubstr("\nservicekit_event_wait_seconds_sum 20.0\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_events_total{event=\"upload\",outcome=\"cancelled\"} 1\n"));
    ask(R"(["cancel", {"id": 2}])");
    next(second);
    EXPECT_THAT(page(), HasSubstr("servicekit_events_total{event=\"upload\",outcome=\"cancelled\"} 2\n"));
    EXPECT_EQ(life.stop(), 0);
}

// An alert fires if a handler hangs.
TEST_F(ServiceMetricsTest, TheLongestRunHasItsAge) {
    const auto wait = [](Context& context) {
        context.wait_for(1h);
        return Reply{};
    };
    add("upload", wait);
    add_concurrent("scan", wait);
    std::optional<PendingReply> owed;
    add("later", [&owed](Context& context) {
        owed = context.reply_later();
        return Reply{};
    });
    start();
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 0.0\n"));
    auto scan = begin(R"(["scan"])");
    os.advance(20s);
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 20.0\n"));
    auto upload = begin(R"(["upload"])");
    os.advance(20s);
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 40.0\n"));
    ask(R"(["cancel", {"id": 1}])");
    next(scan);
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 20.0\n"));
    ask(R"(["cancel", {"id": 2}])");
    next(upload);
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 0.0\n"));

    auto later = begin(R"(["later"])");
    os.advance(30s);
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 30.0\n"));
    owed->succeed();
    next(later);

    // Nobody has requested this.
    service().post_work("clean up", [this] { service().wait_for(10s); });
    os.settle();
    os.advance(5s);
    EXPECT_THAT(page(), HasSubstr("\nservicekit_event_running_seconds 5.0\n"));
    os.advance(5s);
    os.settle();
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, RequestsAreCountedByRoleAndError) {
    let_everybody_connect();
    start();
    // A count that begins at 0 shows its first increase.
    for (const std::string code : {"malformed-request", "request-too-large", "event-not-found", "bad-argument",
                                   "event-error", "not-allowed", "not-ready", "busy"})
        EXPECT_THAT(page(), HasSubstr("servicekit_request_errors_total{code=\"" + code + "\"} 0\n"));
    ask(R"(["status"])");
    ask(R"(["status"])", {.pid = 9, .uid = 77, .gid = 77});
    ask(R"(["invented by a client"])");
    ask("[7]");
    ask(R"(["cancel", {"id": 7}])");
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("servicekit_requests_total{role=\"none\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_requests_total{role=\"owner\"} 13\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"not-allowed\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"event-not-found\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"malformed-request\"} 1\n"));
    EXPECT_THAT(after, HasSubstr("servicekit_request_errors_total{code=\"bad-argument\"} 1\n"));
    EXPECT_THAT(after, Not(HasSubstr("invented")));
    EXPECT_EQ(life.stop(), 0);
}

// Neither of them is a request with an event, so the policy refuses it.
TEST_F(ServiceMetricsTest, WhatIsNotARequestIsCountedAsMalformed) {
    start();
    for (const char* text : {"GET / HTTP/1.1\r\n\r\n", "{}", "[1, 2"}) {
        auto client = life.connect();
        client.send(text);
        client.half_close();
        next(client);
    }
    EXPECT_THAT(page(), HasSubstr("servicekit_request_errors_total{code=\"malformed-request\"} 3\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, ConnectionsAreCounted) {
    start();
    auto idle = life.connect();
    os.settle();
    const std::string one_more = page();
    EXPECT_THAT(one_more, HasSubstr("\nservicekit_connections 2\n"));
    EXPECT_THAT(one_more, HasSubstr("\nservicekit_connections_accepted_total 2\n"));
    EXPECT_THAT(one_more, HasSubstr("\nservicekit_connections_refused_total{reason=\"too-many\"} 0\n"));
    EXPECT_THAT(one_more, HasSubstr("\nservicekit_connections_refused_total{reason=\"no-files\"} 0\n"));
    idle.close();
    EXPECT_THAT(page(), HasSubstr("\nservicekit_connections 1\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, ConnectionsThatAreTooManyAreCounted) {
    let_everybody_connect();
    start();
    std::vector<mocks::FakeClient> crowd;
    for (int i = 0; i < 70; ++i) crowd.push_back(life.connect({.pid = 9, .uid = 77, .gid = 77}));
    os.settle();
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("\nservicekit_connections_refused_total{reason=\"too-many\"} 6\n"));
    EXPECT_THAT(after, HasSubstr("\nservicekit_connections_refused_total{reason=\"no-files\"} 0\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, LostLinesAndRotationsAreCounted) {
    os.files.add_file("/etc/trial.json", R"({"log-rotate-size": "1K", "log-delay": 0})");
    options.config = "/etc/trial.json";
    hooks.on_load = [this](Settings&) {
        for (int line = 0; line < 1'005; ++line) current->log().debug("early");
    };
    int lines = 30;
    add("talk", [this, &lines](Context&) {
        for (int line = 0; line < lines; ++line) service().log().info(std::string(100, 'x'));
        return Reply{};
    });
    start();
    EXPECT_THAT(page(), HasSubstr("\nservicekit_log_lines_lost_total{reason=\"early\"} 5\n"));
    ask(R"(["talk"])");
    EXPECT_THAT(page(), ContainsRegex("\nservicekit_log_rotations_total.outcome=\"done\". [2-9]\n"));
    os.files.failures.fail_always("rename", EACCES);
    ask(R"(["talk"])");
    os.files.set_space(0);
    lines = 2'000;
    ask(R"(["talk"])");
    const std::string after = page();
    EXPECT_THAT(after, ContainsRegex("\nservicekit_log_lines_lost_total.reason=\"error\". [1-9][0-9]+\n"));
    EXPECT_THAT(after, HasSubstr("\nservicekit_log_lines_lost_total{reason=\"slow\"} 0\n"));
    EXPECT_THAT(after, ContainsRegex("\nservicekit_log_rotations_total.outcome=\"failed\". [1-9]\n"));
    os.files.failures.succeed_again("rename");
    os.files.set_space(std::nullopt);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, AStartCountsTheEarlierLives) {
    hooks.on_stop = [this] { os.clock.advance(3s); };
    start();
    const std::string first = page();
    EXPECT_THAT(first, HasSubstr("\nservicekit_starts_total 1\n"));
    EXPECT_THAT(first, HasSubstr("\nservicekit_unclean_ends_total 0\n"));
    EXPECT_THAT(first, Not(HasSubstr("servicekit_last_stop_duration_seconds")));
    EXPECT_EQ(life.stop(), 0);

    start();
    const std::string second = page();
    EXPECT_THAT(second, HasSubstr("\nservicekit_starts_total 2\n"));
    EXPECT_THAT(second, HasSubstr("\nservicekit_last_stop_duration_seconds 3.0\n"));
    life.crash();

    start();
    const std::string third = page();
    EXPECT_THAT(third, HasSubstr("\nservicekit_starts_total 3\n"));
    EXPECT_THAT(third, HasSubstr("\nservicekit_unclean_ends_total 1\n"));
    EXPECT_THAT(third, Not(HasSubstr("servicekit_last_stop_duration_seconds")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, AStopThatWasCutShortIsKnownToTheNextLife) {
    bool hangs = true;
    hooks.on_stop = [&] {
        if (hangs) os.reactor.advance(9s);
    };
    start();
    EXPECT_NE(life.stop(), 0);
    hangs = false;
    start();
    EXPECT_THAT(page(), HasSubstr("\nservicekit_last_stop_duration_seconds 8.0\n"));
    EXPECT_THAT(page(), HasSubstr("\nservicekit_unclean_ends_total 0\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, WithoutARecordNothingIsSaidAboutEarlierLives) {
    os.environment.set("SERVICEKIT_RECORDS", "none");
    start();
    EXPECT_THAT(page(), Not(HasSubstr("servicekit_starts")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ServiceMetricsTest, TheCrashReportsOfTheStartAreCounted) {
    os.files.add_file("/var/log/trial.crash.20261122T061000Z.7", "crash report of servicekit, format 1\n");
    start();
    EXPECT_THAT(page(), HasSubstr("\nservicekit_crash_reports 1\n"));
    EXPECT_EQ(life.stop(), 0);
    os.files.failures.fail_always("list", EIO, "/var/log");
    start();
    EXPECT_THAT(page(), Not(HasSubstr("servicekit_crash_reports")));
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
    os.files.add_file("/proc/self/limits",
                      "Limit                     Soft Limit           Hard Limit           Units     \n"
                      "Max file locks            unlimited            unlimited            locks     \n"
                      "Max address space         1073741824           unlimited            bytes     \n"
                      "Max nice priority         0                    0                    \n");
    os.processes.set_usage({.memory = 8192, .virtual_memory = 4096000, .threads = 7, .cpu = 2500ms});
    start();
    const std::string after = page();
    EXPECT_THAT(after, HasSubstr("\nprocess_cpu_seconds_total 2.5\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_resident_memory_bytes 8192\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_virtual_memory_bytes 4096000\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_virtual_memory_max_bytes 1073741824.0\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_threads 7\n"));
    EXPECT_THAT(after, HasSubstr("\nprocess_start_time_seconds 17673"));
    EXPECT_THAT(after, HasSubstr("\nprocess_max_fds " + std::to_string(os.process.descriptor_limit()) + "\n"));
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
}  // namespace servicekit
