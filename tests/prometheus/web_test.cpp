// `servicectl web` as the target of a real Prometheus, with the files and commands of docs/monitoring.md.
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "integration/support/service_test.hpp"
#include "prometheus/http.hpp"
#include "prometheus/monitoring_files.hpp"
#include "prometheus/prometheus_server.hpp"
#include "prometheus/replaced.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string docs = SERVICEKIT_DOCS_DIR;

/// Adds the names of the metrics of the library in an expression.
void add_names(std::string_view expression, std::set<std::string>& names) {
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (std::size_t at = 0; at < expression.size();) {
        std::size_t end = at;
        while (end < expression.size() && is_part(expression[end])) ++end;
        const std::string_view word = expression.substr(at, end - at);
        if (word.starts_with("servicekit_") || word.starts_with("process_")) names.emplace(word);
        at = end == at ? at + 1 : end;
    }
}

/// Three services in directories of their own, and `servicectl web` for them.
class WebMetricsTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        std::filesystem::create_directories(directory.file("etc"));
        std::filesystem::create_directories(directory.file("prometheus"));
        // The page makes the tokens and starts the server, which chooses a free port here.
        const std::string page = as_here(read_file(docs + "/monitoring.md"));
        ASSERT_EQ(shell(block_with(page, "umask 077")).exit_code, 0);
        read_token = read_file(directory.file("etc/servicectl-web.read-token"));
        read_token.erase(read_token.find_last_not_of('\n') + 1);
        std::string command = block_with(page, "servicectl web --listen");
        command.erase(command.find_last_not_of('\n') + 1);
        const std::string printed = directory.file("printed");
        web = std::make_unique<RunningCommand>(
            Command{.arguments = {"sh", "-c", "exec " + command + " >" + printed + " 2>&1"}});
        await_scrapes("servicectl web serves", [&] {
            const std::string text = read_file(printed);
            if (web->has_ended()) throw std::runtime_error{"servicectl web has ended: " + text};
            const std::string_view before = "http://127.0.0.1:";
            const auto address = text.find(before);
            if (address == std::string::npos || text.find('/', address + before.size()) == std::string::npos)
                return false;
            port = std::atoi(text.c_str() + address + before.size());
            return get("/metrics").status == 200;
        });
    }
    void TearDown() override {
        if (web) {
            web->signal(SIGTERM);
            static_cast<void>(web->finish());
            web.reset();
        }
        ServiceTest::TearDown();
    }

    /// Returns the text with the places of this test instead of those of a machine.
    [[nodiscard]] std::string as_here(const std::string& text) const {
        return replaced(replaced(text, "/etc/", directory.path() + "/etc/"), "127.0.0.1:9955",
                        "127.0.0.1:" + std::to_string(port));
    }
    /// Returns the block of a page that begins with the text.
    static std::string block_with(const std::string& page, const std::string& beginning) {
        const auto begin = page.find("```sh\n" + beginning);
        if (begin == std::string::npos) throw std::runtime_error{"docs/monitoring.md has no block '" + beginning + "'"};
        const auto text = page.find('\n', begin) + 1;
        return page.substr(text, page.find("```", text) - text);
    }
    [[nodiscard]] HttpReply get(const std::string& path, const std::string& token) const {
        return http_get(port, path, "Authorization: Bearer " + token + "\r\n");
    }
    [[nodiscard]] HttpReply get(const std::string& path) const { return get(path, read_token); }
    [[nodiscard]] ServiceProgram program(const std::string& name) const {
        std::filesystem::create_directories(directory.file(name));
        return {name, directory.file(name)};
    }
    /// The shipped configuration, only faster.
    [[nodiscard]] std::string config() const {
        const std::string token = directory.file("prometheus/servicectl-web.token");
        std::filesystem::copy_file(directory.file("etc/servicectl-web.read-token"), token,
                                   std::filesystem::copy_options::overwrite_existing);
        std::string text = as_here(read_file(docs + "/monitoring/prometheus.yml"));
        text = replaced(text, directory.file("etc/prometheus/servicectl-web.token"), token);
        return replaced(text, "scrape_interval: 15s", "scrape_interval: 2s\n  evaluation_interval: 1s");
    }
    /// Writes the shipped alerts, with shorter times.
    void write_alerts() const {
        std::string alerts = read_file(docs + "/monitoring/servicekit.rules.yml");
        alerts = replaced(replaced(alerts, "for: 1m", "for: 3s"), "for: 2m", "for: 3s");
        write_file(directory.file("prometheus/servicekit.rules.yml"),
                   replaced(alerts, "servicekit_event_running_seconds > 600", "servicekit_event_running_seconds > 3"));
    }

    int port = 0;
    std::string read_token;
    std::unique_ptr<RunningCommand> web;
};

TEST_F(WebMetricsTest, APageOfAllServicesIsForThoseWithATokenOnly) {
    const ServiceProgram first = program("metrics-trial");
    const ServiceProgram second = program("trial-service");
    const RunningService one{first};
    const RunningService other{second};
    await_scrapes("both services are there", [this] {
        const std::string page = get("/metrics").body;
        return page.find("servicekit_up{service=\"metrics-trial\"} 1\n") != std::string::npos &&
               page.find("servicekit_up{service=\"trial-service\"} 1\n") != std::string::npos;
    });

    EXPECT_EQ(http_get(port, "/metrics").status, 401);
    EXPECT_EQ(get("/metrics", "wrong").status, 401);
    if (is_installed("promtool")) {
        const Outcome checked =
            run_command({.arguments = {"promtool", "check", "metrics"}, .input = get("/metrics").body});
        EXPECT_EQ(checked.exit_code, 0) << checked;
        EXPECT_EQ(checked.out + checked.err, "");
    }
    if (is_installed("curl")) {
        const Outcome shown = shell(block_with(as_here(read_file(docs + "/monitoring.md")), "curl "));
        EXPECT_EQ(shown.exit_code, 0) << shown;
        EXPECT_THAT(shown.out, HasSubstr("servicekit_up{service=\"metrics-trial\"} 1\n"));
    }
}

TEST_F(WebMetricsTest, PrometheusTellsTheServicesApart) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const ServiceProgram first = program("metrics-trial");
    const ServiceProgram second = program("greeter");
    const ServiceProgram third = program("trial-service");
    const RunningService one{first};
    const RunningService two{second};
    const RunningService three{third};
    static_cast<void>(one.call("add", {{"number", 41}}));
    for (int count = 0; count < 3; ++count) static_cast<void>(two.call("greet", {{"name", "you"}}));
    write_alerts();
    const PrometheusServer prometheus{config(), directory.file("prometheus")};

    prometheus.await_number("lines_total{service='metrics-trial'}", "41");
    prometheus.await_number("greetings_total{service='greeter'}", "3");
    static_cast<void>(one.call("add", {{"number", 1}}));
    prometheus.await_number("lines_total{service='metrics-trial'}", "42");
    for (const char* name : {"metrics-trial", "greeter", "trial-service"}) {
        SCOPED_TRACE(name);
        const std::string of_service = "{service='" + std::string{name} + "'}";
        prometheus.await_number("servicekit_up" + of_service, "1");
        prometheus.await_number("servicekit_ready" + of_service, "1");
        prometheus.await_number("process_resident_memory_bytes" + of_service + " > bool 100000", "1");
        prometheus.await_number("servicekit_state{service='" + std::string{name} + "'} == 1", "1");
    }
    prometheus.await_number("count(process_start_time_seconds{job='servicekit'})", "3");
    prometheus.await_number("servicekit_events_total{service='metrics-trial',event='add',outcome='done'}", "2");
    prometheus.await_number("up{job='servicekit'}", "1");
    EXPECT_TRUE(prometheus.query("ALERTS").empty());
    EXPECT_EQ(get("/services/greeter/health").status, 200);
    EXPECT_EQ(http_get(port, "/services/greeter/health").status, 401);
}

// The guide shows it.
TEST_F(WebMetricsTest, AnAlertFiresForAHealthCheckThatFails) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const ServiceProgram trials = program("metrics-trial");
    const RunningService service{trials};
    const std::string page = read_file(docs + "/monitoring.md");
    const auto begin = page.find("      - alert: HealthCheckFails");
    ASSERT_NE(begin, std::string::npos);
    const std::string alert = page.substr(begin, page.find("```", begin) - begin);
    write_alerts();
    const std::string rules = directory.file("prometheus/servicekit.rules.yml");
    write_file(rules, read_file(rules) + replaced(alert, "for: 1m", "for: 1s"));
    const PrometheusServer prometheus{config(), directory.file("prometheus")};

    prometheus.await_number("ALERTS{alertname='HealthCheckFails',check='bad',alertstate='firing'}", "1");
    EXPECT_EQ(prometheus.number("ALERTS{alertname='HealthCheckFails',check='good'}"), std::nullopt);
    prometheus.await_number("servicekit_health_check{service='metrics-trial',check='good'}", "1");
}

TEST_F(WebMetricsTest, AlertsFireForAServiceThatHangsAndForOneThatWasKilled) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const ServiceProgram first = program("metrics-trial");
    const ServiceProgram second = program("greeter");
    RunningService one{first};
    RunningService two{second};
    write_alerts();
    const PrometheusServer prometheus{config(), directory.file("prometheus")};
    prometheus.await_number("count(servicekit_up == 1)", "2");

    two.signal(SIGSTOP);
    prometheus.await_number("ALERTS{alertname='ServiceHung',service='greeter',alertstate='firing'}", "1");
    prometheus.await_number("servicekit_up{service='greeter'}", "0");
    prometheus.await_number("servicekit_up{service='metrics-trial'}", "1");
    prometheus.await_number("count(ALERTS)", "1");
    two.signal(SIGCONT);
    await_scrapes("the alert is over", [&] { return prometheus.query("ALERTS").empty(); });

    one.signal(SIGKILL);
    prometheus.await_number("ALERTS{alertname='ServiceDown',service='metrics-trial',alertstate='firing'}", "1");
    prometheus.await_number("servicekit_state{service='metrics-trial',state='dead'}", "1");
    EXPECT_EQ(prometheus.number("count(ALERTS{alertname='ServiceHung'})"), std::nullopt);
}

// The service still answers, so it is neither hung nor down.
TEST_F(WebMetricsTest, AnAlertFiresForAHandlerThatHangs) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const ServiceProgram trials = program("trial-service");
    const RunningService service{trials};
    write_alerts();
    const PrometheusServer prometheus{config(), directory.file("prometheus")};
    prometheus.await_number("servicekit_event_running_seconds{service='trial-service'}", "0");
    const RunningCommand call{trials.command({"call", "sleep", "seconds=600"})};
    prometheus.await_number("ALERTS{alertname='EventRunsLong',service='trial-service',alertstate='firing'}", "1");
    prometheus.await_number("servicekit_up{service='trial-service'}", "1");
    prometheus.await_number("count(ALERTS)", "1");
}

TEST_F(WebMetricsTest, AnAlertFiresForReloadsThatFailAndForTooManyStarts) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    ServiceProgram greeter = program("greeter");
    greeter.configure_app({{"greeting", "hello"}});
    write_alerts();
    const PrometheusServer prometheus{config(), directory.file("prometheus")};
    for (int start = 0; start < 5; ++start) {
        const RunningService life{greeter};
        prometheus.await_number("servicekit_starts_total{service='greeter'}", std::to_string(start + 1));
    }
    prometheus.await_number("ALERTS{alertname='ServiceRestartsOften',service='greeter',alertstate='firing'}", "1");

    const RunningService last{greeter};
    prometheus.await_number("servicekit_reloads_total{service='greeter',outcome='failed'}", "0");
    greeter.write_config("not JSON");
    static_cast<void>(last.call_in_vain("reload"));
    prometheus.await_number("ALERTS{alertname='ServiceReloadFailed',service='greeter',alertstate='firing'}", "1");
}

TEST_F(WebMetricsTest, HasTheMetricsOfTheDashboardAndOfTheAlerts) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const ServiceProgram trials = program("metrics-trial");
    {
        const RunningService first{trials};
        EXPECT_EQ(trials.verb({"stop"}).exit_code, 0);
    }
    const RunningService service{trials};
    static_cast<void>(service.call("add", {{"number", 1}}));
    static_cast<void>(service.call_in_vain("no such event"));
    write_alerts();
    const PrometheusServer prometheus{config(), directory.file("prometheus")};
    std::set<std::string> used{"up"};
    for (const std::string& expression : dashboard_expressions()) add_names(expression, used);
    for (const std::string& expression : alert_expressions(prometheus)) add_names(expression, used);
    EXPECT_GT(used.size(), 30U);

    prometheus.await_number("servicekit_health_check{service='metrics-trial',check='good'}", "1");
    for (const std::string& name : used) EXPECT_FALSE(prometheus.query(name).empty()) << name;
}

}  // namespace
}  // namespace servicekit::test
