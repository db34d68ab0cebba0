#include "unit/cli/program_fixture.hpp"

#include <stdexcept>

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

class WhereTest : public ProgramFixture {};

TEST_F(WhereTest, ShowsEverySettingWithItsLayer) {
    host.files.add_file("/etc/x.json", R"({"stop-timeout": 3, "app": {"port": 80}})");
    host.environment.set("JUST_ANOTHER_SERVER_LOG_LEVEL", "debug");
    EXPECT_EQ(run({"where", "--config", "/etc/x.json"}), 0);
    for (const std::string_view name : Settings::names()) EXPECT_THAT(out(), HasSubstr(std::string{name} + " "));
    EXPECT_THAT(out(), HasSubstr("name                just-another-server"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("pid-file +/run/just-another-server.pid +follows from the others\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("config +/etc/x.json +command-line\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-level +debug +environment\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("stop-timeout +3 +config-file\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-file +- +not set\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("log-delay +- +left to the policy\n"));
    EXPECT_THAT(out(), ::testing::ContainsRegex("app +\\{\"port\":80\\} +config-file\n"));
}

TEST_F(WhereTest, ShowsWhatThereIsOfAConfigurationThatIsWrong) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run({"where"}), 78);
    EXPECT_THAT(out(), HasSubstr("/run/just-another-server.pid"));
}

}  // namespace
}  // namespace servicekit::cli
