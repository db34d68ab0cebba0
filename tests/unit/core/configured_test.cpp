#include "servicekit/configured.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/policies.hpp"

namespace configured_test {

using servicekit::Reply, servicekit::Schema, servicekit::Settings;
using servicekit::mocks::FakeLife, servicekit::mocks::FakeOs;
using testing::ElementsAre, testing::HasSubstr;

struct Limits {
    int lines = 10;
};

void describe(Schema<Limits>& config) { config.add("lines", &Limits::lines); }

struct Config {
    std::string greeting = "hello";
    int port = 0;
    Limits limits;
    std::string password;
};

void describe(Schema<Config>& config) {
    config.add("greeting", &Config::greeting);
    config.add("port", &Config::port, "", {.needs_restart = true});
    config.add("limits", &Config::limits);
    config.add("password", &Config::password, "", {.secret = true});
}

class Trial final : public servicekit::Configured<Config> {
public:
    using Configured::config;
    using Configured::Configured;

    std::vector<std::string> seen;
    const Config* taken = nullptr;
    bool refuses = false;

private:
    void on_load(Settings&) override {
        seen.push_back(config().greeting + " " + std::to_string(config().port));
        taken = &config();
        std::thread{[this] { seen.push_back("another thread: " + config().greeting); }}.join();
        if (refuses) throw std::runtime_error{"not this one"};
    }
};

class ConfiguredTest : public testing::Test {
protected:
    void configure(const std::string& app) {
        if (host.files.exists(path)) host.files.take_away(path);
        host.files.add_file(path, R"({"app": )" + app + "}");
    }
    Trial& service() { return dynamic_cast<Trial&>(*life.service()); }

    static constexpr auto path = "/etc/trial.json";
    bool expands_variables = false;
    FakeOs host;
    FakeLife life{host, [this] {
                      return servicekit::mocks::fake_service<Trial>(host, {.name = "trial",
                                                                           .config = path,
                                                                           .expands_variables = expands_variables,
                                                                           .log_file = "/var/log/trial.log"});
                  }};
};

TEST_F(ConfiguredTest, HasItsConfigurationWhileItLoadsAndWhileItRuns) {
    configure(R"({"greeting": "good day", "port": 8080})");
    ASSERT_TRUE(life.start());
    EXPECT_THAT(service().seen, ElementsAre("good day 8080", "another thread: hello"));
    EXPECT_EQ(service().config().greeting, "good day");
    EXPECT_EQ(service().config().limits.lines, 10);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ConfiguredTest, AWrongKeyFailsTheStart) {
    configure(R"({"limits": {"line": 3}})");
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.result()->status, 78);
    EXPECT_THAT(host.streams.written(servicekit::os::Stream::error),
                HasSubstr("/etc/trial.json: /app/limits/line: unknown key; did you mean 'lines'?"));
}

TEST_F(ConfiguredTest, AReloadReportsAppliedKeysAndKeysThatNeedARestart) {
    configure(R"({"port": 8080, "password": "a"})");
    ASSERT_TRUE(life.start());
    const Config& before = service().config();
    configure(R"({"greeting": "hello", "port": 80, "limits": {"lines": 11}, "password": "b"})");
    EXPECT_EQ(life.ask(R"(["reload"])"),
              R"({"applied":["/app/limits/lines","/app/password"],"needs-restart":["/app/port"]})");
    EXPECT_EQ(service().config().limits.lines, 11);
    EXPECT_EQ(service().config().port, 8080);
    EXPECT_EQ(before.limits.lines, 10);  // a reference to the old configuration stays valid
    EXPECT_THAT(service().seen.back(), HasSubstr("hello"));
    EXPECT_THAT(life.ask(R"(["settings"])"),
                HasSubstr(R"("app":{"greeting":"hello","port":8080,"limits":{"lines":11},"password":"***"})"));
    EXPECT_EQ(life.ask(R"(["reload"])"), R"({"applied":[],"needs-restart":["/app/port"]})");
    configure(R"({"greeting": "hello", "port": 8080, "limits": {"lines": 11}, "password": "b"})");
    EXPECT_EQ(life.ask(R"(["reload"])"), R"({"applied":[],"needs-restart":[]})");
}

TEST_F(ConfiguredTest, AFailedReloadKeepsTheConfiguration) {
    configure(R"({"greeting": "good day"})");
    ASSERT_TRUE(life.start());
    configure(R"({"greeting": 5})");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("/app/greeting: expected a string, found an integer"));
    service().refuses = true;
    configure(R"({"greeting": "ahoy"})");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("not this one"));
    EXPECT_EQ(service().config().greeting, "good day");
    EXPECT_EQ(service().taken->greeting, "ahoy");  // on_load may have kept a reference
    service().refuses = false;
    EXPECT_EQ(life.ask(R"(["reload"])"), R"({"applied":["/app/greeting"],"needs-restart":[]})");
    EXPECT_EQ(service().config().greeting, "ahoy");
}

TEST_F(ConfiguredTest, AReloadWithoutAChangeKeepsTheStruct) {
    configure(R"({"greeting": "good day"})");
    ASSERT_TRUE(life.start());
    const Config* const before = &service().config();
    life.ask(R"(["reload"])");
    EXPECT_EQ(&service().config(), before);
    EXPECT_EQ(service().taken, before);
}

TEST_F(ConfiguredTest, AConfigFileMayHaveComments) {
    host.files.add_file(path, "{ // mine\n \"app\": {\"greeting\": /* loud */ \"HELLO\"}}\n// the end\n");
    ASSERT_TRUE(life.start());
    EXPECT_EQ(service().config().greeting, "HELLO");
}

TEST_F(ConfiguredTest, FilesInItsDirectoryOverrideIt) {
    configure(R"({"greeting": "a", "limits": {"lines": 1}})");
    host.files.add_directory("/etc/trial.json.d");
    host.files.add_file("/etc/trial.json.d/20-b.json", R"({"app": {"greeting": "c"}})");
    host.files.add_file("/etc/trial.json.d/10-a.json",
                        R"({"log-level": "debug", "app": {"greeting": "b", "port": 2}})");
    host.files.add_file("/etc/trial.json.d/30-c.json~", "no JSON");
    host.files.add_file("/etc/trial.json.d/.30-c.json", "no JSON");
    ASSERT_TRUE(life.start());
    EXPECT_EQ(service().config().greeting, "c");
    EXPECT_EQ(service().config().port, 2);
    EXPECT_EQ(service().config().limits.lines, 1);
    EXPECT_EQ(service().settings().get(servicekit::setting::log_level), servicekit::LogLevel::debug);
}

TEST_F(ConfiguredTest, AMessageNamesTheFileThatHasTheKey) {
    configure(R"({"greeting": "a", "limits": {}})");
    host.files.add_directory("/etc/trial.json.d");
    host.files.add_file("/etc/trial.json.d/a.json", R"({"app": {"limits": {"lines": "many"}}})");
    EXPECT_FALSE(life.start());
    EXPECT_THAT(host.streams.written(servicekit::os::Stream::error),
                HasSubstr("/etc/trial.json.d/a.json: /app/limits/lines: expected an integer"));
    host.files.take_away("/etc/trial.json.d/a.json");
    host.files.add_file("/etc/trial.json.d/a.json", "{\n  \"app\": ]");
    EXPECT_FALSE(life.start());
    EXPECT_THAT(host.streams.written(servicekit::os::Stream::error), HasSubstr("/etc/trial.json.d/a.json:2:10: "));
}

TEST_F(ConfiguredTest, VariablesAreExpandedIfTheProgramEnablesIt) {
    configure(R"({"greeting": "${WHO}, $${WHO} and ${NOBODY", "password": "x"})");
    ASSERT_TRUE(life.start());
    EXPECT_EQ(service().config().greeting, "${WHO}, $${WHO} and ${NOBODY");
    life.stop();

    expands_variables = true;
    host.environment.set("WHO", "${WHO}");
    EXPECT_FALSE(life.start());
    EXPECT_THAT(host.streams.written(servicekit::os::Stream::error),
                HasSubstr("/etc/trial.json: /app/greeting: '${' has no '}'"));
    configure(R"({"greeting": "${WHO}, $${WHO}", "password": "${SECRET}"})");
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.result()->status, 78);
    EXPECT_THAT(host.streams.written(servicekit::os::Stream::error),
                HasSubstr("/app/password: the environment variable 'SECRET' is not set"));
    host.environment.set("SECRET", "s");
    ASSERT_TRUE(life.start());
    EXPECT_EQ(service().config().greeting, "${WHO}, ${WHO}");
    EXPECT_EQ(service().config().password, "s");
}

}  // namespace configured_test
