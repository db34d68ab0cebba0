#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "core/layered_settings.hpp"

namespace servicekit {
namespace {

class AppConfigurationTest : public ::testing::Test {
protected:
    AppConfigurationTest() {
        settings_.read_config(R"({"app": {"port": 70000, "greeting": "hello", "ratio": 1, "hosts": ["a", "b"],
                                          "tls": {"ca/file": 7, "on": true}}})",
                              "/etc/x.json");
    }

    template <class Call>
    std::string refusal(Call call) {
        try {
            call(settings_.app());
        } catch (const ConfigurationError& error) {
            return error.what();
        }
        return "no error";
    }

    LayeredSettings settings_;
};

TEST_F(AppConfigurationTest, ReturnsValuesOfTheRequestedType) {
    const AppConfiguration app = settings_.app();
    EXPECT_EQ(app.get<int>("port"), 70000);
    EXPECT_EQ(app.get<std::string>("greeting"), "hello");
    EXPECT_EQ(app.get<double>("ratio"), 1.0);
    EXPECT_EQ(app.get<std::vector<std::string>>("hosts"), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(app.section("tls").get<bool>("on"));
}

TEST_F(AppConfigurationTest, ReturnsTheFallbackForAMissingKey) {
    const AppConfiguration app = settings_.app();
    EXPECT_EQ(app.get("backlog", 16), 16);
    EXPECT_EQ(app.get<std::string>("greeting", "good day"), "hello");
    EXPECT_TRUE(app.has("port"));
    EXPECT_FALSE(app.has("backlog"));
}

TEST_F(AppConfigurationTest, NamesTheKeyOfAWrongValue) {
    EXPECT_EQ(refusal([](const AppConfiguration& app) { static_cast<void>(app.get<std::uint16_t>("port")); }),
              "/etc/x.json: /app/port: expected an integer from 0 to 65535, found 70000");
    EXPECT_EQ(refusal([](const AppConfiguration& app) { static_cast<void>(app.get("greeting", 7.0)); }),
              "/etc/x.json: /app/greeting: expected a number, found a string");
    EXPECT_EQ(
        refusal([](const AppConfiguration& app) { static_cast<void>(app.section("tls").get<std::string>("ca/file")); }),
        "/etc/x.json: /app/tls/ca~1file: expected a string, found an integer");
    EXPECT_EQ(refusal([](const AppConfiguration& app) { static_cast<void>(app.section("port")); }),
              "/etc/x.json: /app/port: expected an object, found an integer");
}

TEST_F(AppConfigurationTest, NamesAMissingKey) {
    EXPECT_EQ(refusal([](const AppConfiguration& app) { static_cast<void>(app.get<int>("backlog")); }),
              "/etc/x.json: /app/backlog: missing");
    EXPECT_EQ(refusal([](const AppConfiguration& app) { static_cast<void>(app.section("db").get<int>("port")); }),
              "/etc/x.json: /app/db/port: missing");
}

TEST_F(AppConfigurationTest, AMissingSectionIsEmpty) {
    const AppConfiguration section = settings_.app().section("db").section("pool");
    EXPECT_FALSE(section.has("size"));
    EXPECT_EQ(section.get("size", 4), 4);
}

TEST(AppConfigurationWithoutFileTest, IsEmptyAndReportsThatThereIsNoFile) {
    const LayeredSettings settings;
    EXPECT_EQ(settings.app().get("port", 80), 80);
    try {
        static_cast<void>(settings.app().get<int>("port"));
        FAIL() << "a missing key was accepted";
    } catch (const ConfigurationError& error) {
        EXPECT_STREQ(error.what(), "/app/port: missing, and there is no config file");
    }
}

TEST_F(AppConfigurationTest, AClientGoesOnDespiteAnError) {
    LayeredSettings client;
    client.set_client(true);
    client.read_config(R"({"app": {"port": "http"}})", "/etc/x.json");
    const AppConfiguration app = client.app();
    EXPECT_EQ(app.get<int>("port", 80), 80);
    EXPECT_THROW(static_cast<void>(app.get<int>("port")), ConfigurationError);
    EXPECT_THROW(static_cast<void>(app.get<int>("missing")), ConfigurationError);
    EXPECT_EQ(client.tolerated(), (std::vector<std::string>{"/etc/x.json: /app/port: expected an integer from "
                                                            "-2147483648 to 2147483647, found a string"}));
}

}  // namespace
}  // namespace servicekit
