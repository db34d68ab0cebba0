// Tests of the service on an operating system in memory: no process, no file, no waiting.
#include "my_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <servicekit/mocks/fake_life.hpp>

#include <string>

namespace {

using servicekit::mocks::fake_service;
using servicekit::mocks::FakeLife;
using servicekit::mocks::FakeOs;
using ::testing::HasSubstr;

class MyServiceTest : public ::testing::Test {
protected:
    MyServiceTest() { configure(R"({"app": {"greeting": "good morning"}})"); }

    void configure(const std::string& text) {
        if (os.files.exists(config)) os.files.take_away(config);
        os.files.add_file(config, text);
    }

    const std::string config = "/etc/my-service.json";
    FakeOs os;
    FakeLife life{os, [this] {
                      return fake_service<MyService>(
                          os, {.name = "my-service", .config = config, .log_file = "/var/log/my-service.log"});
                  }};
};

TEST_F(MyServiceTest, GreetsAsConfigured) {
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.ask(R"(["greet", {"name": "you"}])"), R"({"text":"good morning, you"})");
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("greetings":1)"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(MyServiceTest, AReloadChangesTheGreeting) {
    ASSERT_TRUE(life.start());
    configure(R"({"app": {"greeting": "good evening"}})");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("/app/greeting"));
    EXPECT_EQ(life.ask(R"(["greet", {"name": "you"}])"), R"({"text":"good evening, you"})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(MyServiceTest, ReportsAMissingName) {
    ASSERT_TRUE(life.start());
    EXPECT_THAT(life.ask(R"(["greet"])"), HasSubstr("parameter 'name' of 'greet' is missing"));
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
