// The pages of a service, judged by promtool, by a real Prometheus and by a real node_exporter.
#include <atomic>
#include <cctype>
#include <filesystem>
#include <mutex>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/text_file.hpp"
#include "prometheus/http.hpp"
#include "prometheus/prometheus_server.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ScrapeTest : public ServiceTest {
protected:
    /// Skips the test if a program is missing.
    [[nodiscard]] static bool lacks(const std::string& program) { return !is_installed(program); }

    [[nodiscard]] std::string scraped_often(int port) const {
        return "global:\n  scrape_interval: 2s\n  scrape_timeout: 2s\nscrape_configs:\n"
               "  - job_name: trial\n    static_configs:\n      - targets: ['127.0.0.1:" +
               std::to_string(port) + "']\n";
    }

    ServiceProgram server{"metrics-trial", directory.path()};
};

TEST_F(ScrapeTest, PromtoolAcceptsThePageOfEachService) {
    if (lacks("promtool")) GTEST_SKIP() << "promtool is not installed";
    const RunningService hostile{server};
    for (int request = 0; request < 3; ++request) static_cast<void>(hostile.call("add", {{"number", 1}}));
    static_cast<void>(hostile.call("reload"));
    static_cast<void>(hostile.call_in_vain("no such event"));
    Outcome page;
    await_scrapes("both health checks have run", [&] {
        page = server.verb({"metrics"});
        return page.out.find("servicekit_health_check{check=\"bad\"} 0\n") != std::string::npos &&
               page.out.find("servicekit_health_check{check=\"good\"} 1\n") != std::string::npos;
    });
    ASSERT_EQ(page.exit_code, 0) << page;

    const Outcome checked = run_command({.arguments = {"promtool", "check", "metrics"}, .input = page.out});

    EXPECT_EQ(checked.exit_code, 0) << checked;
    EXPECT_EQ(checked.out + checked.err, "");
    EXPECT_THAT(page.out, AllOf(HasSubstr("\nlines_total 3\n"), Not(HasSubstr("\nforged")), Not(HasSubstr("\x1b"))));
}

TEST_F(ScrapeTest, PrometheusReadsOpenMetrics) {
    if (lacks("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const RunningService service{server};
    static_cast<void>(service.call("add", {{"number", 41}}));
    std::atomic<bool> was_asked_for_openmetrics{false};
    const PageServer pages{[&](const std::string& head) {
        if (head.find("application/openmetrics-text") != std::string::npos) was_asked_for_openmetrics = true;
        return PageServer::Page{.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
                                .body = server.verb({"metrics", "--openmetrics"}).out};
    }};
    const PrometheusServer prometheus{scraped_often(pages.port()), directory.path()};

    prometheus.await_number("lines_total", "41");
    static_cast<void>(service.call("add", {{"number", 1}}));
    prometheus.await_number("lines_total", "42");

    EXPECT_TRUE(was_asked_for_openmetrics);
    prometheus.await_number("up", "1");
    EXPECT_EQ(prometheus.number("count({__name__=~'forged.*'})"), std::nullopt);
    prometheus.await_number("count(replies_total)", "10");
    EXPECT_EQ(prometheus.number("replies_total{path='a\\\\b\"c\\nd\\te'}"), std::nullopt);  // a tab is replaced
    prometheus.await_number("replies_total{path='gr\u00fc\u00df \u2603'}", "1");
    prometheus.await_number("lowest", "-9223372036854776000");
    prometheus.await_number("load", "+Inf");
    prometheus.await_number("unknown", "NaN");
    prometheus.await_number("count(many)", "1001");
    prometheus.await_number("reply_time_seconds_count", "4");
    prometheus.await_number("reply_time_seconds_bucket{le='1.0'}", "3");
    prometheus.await_number("histogram_quantile(0.5, reply_time_seconds_bucket)", "0.5");
    prometheus.await_number("servicekit_events_total{event='add',outcome='done'}", "2");
    prometheus.await_number("servicekit_starts_total", "1");
}

TEST_F(ScrapeTest, PrometheusReadsItsOwnFormat) {
    if (lacks("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const RunningService service{server};
    static_cast<void>(service.call("add", {{"number", 7}}));
    const PageServer pages{[&](const std::string& /*head*/) {
        return PageServer::Page{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                .body = server.verb({"metrics"}).out};
    }};
    const PrometheusServer prometheus{scraped_often(pages.port()), directory.path()};

    prometheus.await_number("lines_total", "7");

    prometheus.await_number("count(replies_total)", "10");
    prometheus.await_number("reply_time_seconds_bucket{le='+Inf'}", "4");
    EXPECT_EQ(prometheus.number("count({__name__=~'forged.*'})"), std::nullopt);
}

TEST_F(ScrapeTest, NodeExporterReadsTheMetricsFile) {
    if (lacks("prometheus-node-exporter")) GTEST_SKIP() << "prometheus-node-exporter is not installed";
    const std::string collected = directory.file("collected");
    std::filesystem::create_directories(collected);
    const RunningService service{server, {"--metrics-file", collected + "/trial.prom", "--metrics-interval", "1"}};
    static_cast<void>(service.call("add", {{"number", 5}}));
    const StartedServer exporter = start_server(
        [&](int port) {
            return Command{.arguments = {"prometheus-node-exporter", "--collector.disable-defaults",
                                         "--collector.textfile", "--collector.textfile.directory=" + collected,
                                         "--web.listen-address=127.0.0.1:" + std::to_string(port)}};
        },
        "/metrics");
    std::string page;
    await_scrapes("the exporter has the metrics", [&] {
        page = http_get(exporter.port, "/metrics").body;
        return page.find("lines_total{service=\"metrics-trial\"} 5") != std::string::npos;
    });

    EXPECT_THAT(page, HasSubstr("\nnode_textfile_scrape_error 0\n"));
    if (!lacks("promtool")) {
        const Outcome checked =
            run_command({.arguments = {"promtool", "check", "metrics"}, .input = read_file(collected + "/trial.prom")});
        EXPECT_EQ(checked.exit_code, 0) << checked;
        EXPECT_EQ(checked.out + checked.err, "");
    }
    EXPECT_THAT(page,
                HasSubstr("\nservicekit_events_total{event=\"add\",outcome=\"done\",service=\"metrics-trial\"} 1\n"));
    EXPECT_THAT(page, HasSubstr("\nreply_time_seconds_count{service=\"metrics-trial\"} 4\n"));
    EXPECT_THAT(page, HasSubstr("\nprocess_start_time_seconds{service=\"metrics-trial\"} "));
}

}  // namespace
}  // namespace servicekit::test
