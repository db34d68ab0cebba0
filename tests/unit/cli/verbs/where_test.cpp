#include "unit/cli/program_fixture.hpp"

#include <chrono>
#include <stdexcept>
#include <variant>

#include "core/setting_table.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

class WhereTest : public ProgramFixture {};

TEST_F(WhereTest, ShowsEverySettingWithItsLayer) {
    host.files.add_file("/etc/x.json", R"({"stop-timeout": 3, "app": {"port": 80}})");
    host.environment.set("JUST_ANOTHER_SERVER_LOG_LEVEL", "debug");
    log.planned.delay = std::chrono::milliseconds{200};
    EXPECT_EQ(run({"where", "--config", "/etc/x.json"}), 0);
    for (const std::string_view name : setting_names()) EXPECT_THAT(out(), HasSubstr(std::string{name} + " "));
    EXPECT_THAT(out(), HasSubstr("name                just-another-server"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("pid-file +/run/just-another-server.pid +follows from the others\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("config +/etc/x.json +command-line\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-level +debug +environment\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("stop-timeout +3 +config-file\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-file +- +not set\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-delay +0.2 +policy\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-compress +- +not used\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("control-mode +600 +policy\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("app +\\{\"port\":80\\} +config-file\n"));
}

TEST_F(WhereTest, ShowsTheDefaultsOfALockWithTwoLevels) {
    lock.stands_by = true;
    lock.planned = {.endpoints = {"http://one:2379", "http://two:2379"}, .ttl = std::chrono::seconds{10}};
    EXPECT_EQ(run({"where"}), 0);
    EXPECT_THAT(out(), ::testing::ContainsRegex("cluster-endpoints +.*http://one:2379.*http://two:2379.* +policy\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("cluster-ttl +10 +policy\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("cluster-user +- +not set\n"));
}

TEST_F(WhereTest, ShowsDifferingValuesOfTheRunningService) {
    start_instance();
    replies["settings"] =
        R"({"settings":{"start-timeout":{"value":30,"origin":"config-file"},"stop-timeout":{"value":8,"origin":"built-in"}},"app":{"port":80}})";
    EXPECT_EQ(run({"where"}), 0);
    EXPECT_THAT(out(), ::testing::ContainsRegex("start-timeout +90 +built-in +running: 30 \\(config-file\\)\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("stop-timeout +8 +built-in\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("app +- +not set +running: \\{\"port\":80\\}\n"));
}

TEST_F(WhereTest, IsJsonIfRequested) {
    start_instance();
    replies["settings"] = R"({"settings":{"start-timeout":{"value":30,"origin":"config-file"}}})";
    EXPECT_EQ(run({"where", "--json"}), 0);
    const auto parsed = parse_json(out());
    ASSERT_TRUE(std::holds_alternative<Value>(parsed)) << out();
    const Object& whole = std::get<Value>(parsed).as_object();
    const Object& settings = whole.find("settings")->as_object();
    EXPECT_EQ(settings.size(), setting_names().size());
    EXPECT_EQ(to_json(*settings.find("start-timeout")),
              R"({"value":90,"origin":"built-in","running":{"value":30,"origin":"config-file"}})");
    EXPECT_EQ(to_json(*settings.find("stop-timeout")), R"({"value":8,"origin":"built-in"})");
    EXPECT_EQ(*whole.find("is-running"), Value{true});
}

TEST_F(WhereTest, ReportsThatItMayNotReadTheRunningService) {
    start_instance();
    replies["settings"] = R"({"error":{"code":"not-allowed","message":"uid 7 may not"}})";
    EXPECT_EQ(run({"where"}), 0);
    EXPECT_THAT(error(), HasSubstr("warning: cannot see what the running service runs with: uid 7 may not\n"));
}

TEST_F(WhereTest, HidesSecrets) {
    host.files.add_file("/etc/x.json",
                        R"({"app": {"db-password": "x", "url": "https://me:x@host/", "deep": [{"Api-Key": 5}]}})");
    EXPECT_EQ(run({"where", "--config", "/etc/x.json"}), 0);
    EXPECT_THAT(out(), HasSubstr(R"({"db-password":"***","url":"https://me:***@host/","deep":[{"Api-Key":"***"}]})"));
}

TEST_F(WhereTest, ShowsTheValidPartOfAWrongConfiguration) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run({"where"}), 78);
    EXPECT_THAT(out(), HasSubstr("/run/just-another-server.pid"));
}

}  // namespace
}  // namespace servicekit::cli
