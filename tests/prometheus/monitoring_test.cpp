// docs/monitoring.md and the files beside it, judged by promtool and by a real Prometheus.
#include <set>
#include <string>
#include <utility>

#include "integration/support/service_test.hpp"
#include "prometheus/monitoring_files.hpp"
#include "prometheus/prometheus_server.hpp"
#include "prometheus/replaced.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

class MonitoringTest : public ServiceTest {
protected:
    /// Starts a Prometheus with the shipped configuration, except that it scrapes nothing.
    [[nodiscard]] PrometheusServer prometheus_with_the_alerts() const {
        write_file(directory.file("token"), "secret\n");
        write_file(directory.file("servicekit.rules.yml"), read_file(monitoring_files + "/servicekit.rules.yml"));
        std::string config = read_file(monitoring_files + "/prometheus.yml");
        config = replaced(config, "/etc/prometheus/servicectl-web.token", directory.file("token"));
        const auto targets = config.find("targets: [");
        config.replace(targets, config.find(']', targets) + 1 - targets, "targets: []");
        return PrometheusServer{config, directory.path()};
    }
};

TEST_F(MonitoringTest, PromtoolAcceptsTheConfigurationAndTheAlerts) {
    if (!is_installed("promtool")) GTEST_SKIP() << "promtool is not installed";
    const Outcome config = promtool({"check", "config", "--syntax-only", "prometheus.yml"});
    EXPECT_EQ(config.exit_code, 0) << config;
    const Outcome rules = promtool({"check", "rules", "servicekit.rules.yml"});
    EXPECT_EQ(rules.exit_code, 0) << rules;
    EXPECT_THAT(rules.out, HasSubstr("7 rules found"));
}

// Its readers add these lines to a file of their own.
TEST_F(MonitoringTest, TheGuideShowsTheConfiguration) {
    const std::string page = read_file(SERVICEKIT_DOCS_DIR "/monitoring.md");
    const auto begin = page.find('\n', page.find("```yaml\n")) + 1;
    const std::string shown = page.substr(begin, page.find("```", begin) - begin);
    EXPECT_THAT(read_file(monitoring_files + "/prometheus.yml"), testing::EndsWith("\n" + shown));
    EXPECT_THAT(page, HasSubstr("```sh\npromtool test rules servicekit.rules.test.yml\n```"));
}

TEST_F(MonitoringTest, TheAlertsFireWhenTheyShould) {
    if (!is_installed("promtool")) GTEST_SKIP() << "promtool is not installed";
    const Outcome tested = promtool({"test", "rules", "servicekit.rules.test.yml"});
    EXPECT_EQ(tested.exit_code, 0) << tested;
    EXPECT_THAT(tested.out + tested.err, HasSubstr("SUCCESS"));
}

TEST_F(MonitoringTest, TheDashboardHasASelectionOfServices) {
    const Object whole = dashboard();
    EXPECT_GE(whole.get<int>("schemaVersion", 0), 39);
    std::set<std::string> variables;
    for (const Value& variable : whole.find("templating")->as_object().find("list")->as_list())
        variables.insert(variable.as_object().get<std::string>("name"));
    EXPECT_EQ(variables, (std::set<std::string>{"datasource", "service"}));

    std::set<int> ids;
    std::set<std::pair<int, int>> taken;
    for (const Value& value : whole.find("panels")->as_list()) {
        const Object& panel = value.as_object();
        const std::string title = panel.get<std::string>("title");
        EXPECT_TRUE(ids.insert(panel.get<int>("id")).second) << title;
        const Object& place = panel.find("gridPos")->as_object();
        for (int x = place.get<int>("x"); x < place.get<int>("x") + place.get<int>("w"); ++x)
            for (int y = place.get<int>("y"); y < place.get<int>("y") + place.get<int>("h"); ++y)
                EXPECT_TRUE(x < 24 && taken.emplace(x, y).second) << title << " overlaps";
        const Value* const targets = panel.find("targets");
        if (panel.get<std::string>("type") == "row") continue;
        ASSERT_NE(targets, nullptr) << title;
        for_each_text(*targets, "expr", [&](const std::string& expression) {
            EXPECT_THAT(expression, HasSubstr("service=~\"$service\"")) << title;
        });
    }
    EXPECT_GT(ids.size(), 20U);
}

TEST_F(MonitoringTest, PrometheusUnderstandsEachExpressionOfTheDashboard) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "prometheus is not installed";
    const PrometheusServer prometheus = prometheus_with_the_alerts();
    const Strings expressions = dashboard_expressions();
    EXPECT_GT(expressions.size(), 30U);
    for (const std::string& expression : expressions) EXPECT_NO_THROW((void)prometheus.query(expression)) << expression;
    EXPECT_EQ(alert_expressions(prometheus).size(), 7U);
}

}  // namespace
}  // namespace servicekit::test
