#include "cli/settings_layers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/layered_settings.hpp"
#include "servicekit/mocks/fake_environment.hpp"

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(SettingsLayersTest, NamesVariablesAfterTheProgram) {
    EXPECT_EQ(environment_variable("just-another-server", "log-level"), "JUST_ANOTHER_SERVER_LOG_LEVEL");
    EXPECT_EQ(environment_variable("a.b_2", "name"), "A_B_2_NAME");
}

TEST(SettingsLayersTest, ReadsSettingsFromTheEnvironment) {
    const mocks::FakeEnvironment environment{
        {"X_LOG_LEVEL", "debug"}, {"X_NO_CONTROL_SERVER", "yes"}, {"X_PID_FILE", ""}, {"Y_NAME", "other"}};
    LayeredSettings settings;
    EXPECT_THAT(apply_environment(settings, nullptr, "x", environment), IsEmpty());
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::debug);
    EXPECT_TRUE(settings.get(setting::no_control_server));
    EXPECT_EQ(settings.layer_of("log-level"), SettingsLayer::environment);
    EXPECT_FALSE(settings.is_set("pid-file"));
    EXPECT_FALSE(settings.is_set("name"));
}

TEST(SettingsLayersTest, WarnsAboutVariablesSimilarToASetting) {
    const mocks::FakeEnvironment environment{
        {"X_LOG_LEVLE", "debug"}, {"X_RUNDIRECTORY", "/x"}, {"X_log_file", "/x"},   {"X_LOG_LEVEL", "debug"},
        {"X_STOP_TIMOUT", ""},    {"Y_LOG_LEVLE", "debug"}, {"XLOG_LEVEL", "debug"}};
    std::vector<std::string> messages;
    for (const Error& warning : doubtful_variables("x", {}, environment)) messages.push_back(warning.message());
    EXPECT_THAT(messages,
                ElementsAre("cannot use 'X_LOG_LEVLE': there is no such setting; did you mean 'X_LOG_LEVEL'?",
                            "cannot use 'X_RUNDIRECTORY': there is no such setting; did you mean 'X_RUN_DIRECTORY'?",
                            "cannot use 'X_log_file': there is no such setting; did you mean 'X_LOG_FILE'?"));
}

TEST(SettingsLayersTest, IgnoresOtherVariables) {
    // Variables that Kubernetes sets for each service, and some that programs define for themselves.
    const mocks::FakeEnvironment environment{{"X_PORT", "tcp://10.0.0.11:80"},
                                             {"X_SERVICE_HOST", "10.0.0.11"},
                                             {"X_SERVICE_PORT", "80"},
                                             {"X_PORT_80_TCP", "tcp://10.0.0.1"},
                                             {"X_PORT_80_TCP_PROTO", "tcp"},
                                             {"X_PORT_80_TCP_PORT", "80"},
                                             {"X_PORT_80_TCP_ADDR", "10.0.0.11"},
                                             {"X_SERVICE_PORT_HTTP", "80"},
                                             {"X_DATABASE_URL", "x"},
                                             {"X_HOME", "/x"},
                                             {"X_HOST", "x"},
                                             {"X_TOKEN", "x"},
                                             {"X_", "x"}};
    EXPECT_THAT(doubtful_variables("x", {}, environment), IsEmpty());
}

TEST(SettingsLayersTest, TheCommandLineOverridesTheEnvironment) {
    const mocks::FakeEnvironment environment{{"X_LOG_LEVEL", "debug"}};
    LayeredSettings settings;
    EXPECT_THAT(apply_command_line(settings, nullptr, {{"log-level", "error"}, {"stop-timeout", "2.5"}}), IsEmpty());
    EXPECT_THAT(apply_environment(settings, nullptr, "x", environment), IsEmpty());
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::error);
    EXPECT_EQ(settings.get(setting::stop_timeout), std::chrono::milliseconds{2500});
}

TEST(SettingsLayersTest, ReportsEachErrorAndUsesTheRest) {
    const mocks::FakeEnvironment environment{{"X_LOG_LEVEL", "loud"}, {"X_UMASK", "9"}, {"X_USER", "www"}};
    LayeredSettings settings;
    const auto faults = apply_environment(settings, nullptr, "x", environment);
    ASSERT_THAT(faults, SizeIs(2));
    EXPECT_EQ(faults[0].exit_code, ExitCode::configuration);
    EXPECT_THAT(faults[0].message(), StartsWith("cannot use 'X_LOG_LEVEL': "));
    EXPECT_THAT(faults[1].message(), StartsWith("cannot use 'X_UMASK': "));
    EXPECT_EQ(settings.get(setting::user), "www");

    const auto typed = apply_command_line(settings, nullptr, {{"name", "a/b"}});
    ASSERT_THAT(typed, SizeIs(1));
    EXPECT_EQ(typed[0].exit_code, ExitCode::usage);
    EXPECT_THAT(typed[0].message(), StartsWith("cannot use '--name': "));
}

}  // namespace
}  // namespace servicekit::cli
