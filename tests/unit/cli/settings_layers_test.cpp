#include "cli/settings_layers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/fake_environment.hpp"

namespace servicekit::cli {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(SettingsLayersTest, NamesVariablesAfterTheProgram) {
    EXPECT_EQ(environment_variable("just-another-server", "log-level"), "JUST_ANOTHER_SERVER_LOG_LEVEL");
    EXPECT_EQ(environment_variable("a.b_2", "name"), "A_B_2_NAME");
}

TEST(SettingsLayersTest, TakesSettingsFromTheEnvironment) {
    const mocks::FakeEnvironment environment{
        {"X_LOG_LEVEL", "debug"}, {"X_NO_CONTROL_SERVER", "yes"}, {"X_PID_FILE", ""}, {"Y_NAME", "other"}};
    Settings settings;
    EXPECT_THAT(apply_environment(settings, "x", environment), IsEmpty());
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::debug);
    EXPECT_TRUE(settings.get(setting::no_control_server));
    EXPECT_EQ(settings.layer_of("log-level"), SettingsLayer::environment);
    EXPECT_FALSE(settings.is_set("pid-file"));
    EXPECT_FALSE(settings.is_set("name"));
}

TEST(SettingsLayersTest, LetsTheCommandLineWin) {
    const mocks::FakeEnvironment environment{{"X_LOG_LEVEL", "debug"}};
    Settings settings;
    EXPECT_THAT(apply_command_line(settings, {{"log-level", "error"}, {"stop-timeout", "2.5"}}), IsEmpty());
    EXPECT_THAT(apply_environment(settings, "x", environment), IsEmpty());
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::error);
    EXPECT_EQ(settings.get(setting::stop_timeout), std::chrono::milliseconds{2500});
}

TEST(SettingsLayersTest, TellsEachFaultAndTakesTheRest) {
    const mocks::FakeEnvironment environment{{"X_LOG_LEVEL", "loud"}, {"X_UMASK", "9"}, {"X_USER", "www"}};
    Settings settings;
    const auto faults = apply_environment(settings, "x", environment);
    ASSERT_THAT(faults, SizeIs(2));
    EXPECT_EQ(faults[0].exit_code, ExitCode::configuration);
    EXPECT_THAT(faults[0].message(), StartsWith("cannot use 'X_LOG_LEVEL': "));
    EXPECT_THAT(faults[1].message(), StartsWith("cannot use 'X_UMASK': "));
    EXPECT_EQ(settings.get(setting::user), "www");

    const auto typed = apply_command_line(settings, {{"name", "a/b"}});
    ASSERT_THAT(typed, SizeIs(1));
    EXPECT_EQ(typed[0].exit_code, ExitCode::usage);
    EXPECT_THAT(typed[0].message(), StartsWith("cannot use '--name': "));
}

}  // namespace
}  // namespace servicekit::cli
