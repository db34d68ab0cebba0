#include "servicekit/mocks/fake_life.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <stdexcept>

#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class FakeLifeTest : public ::testing::Test {
protected:
    std::string errors() { return os.streams.written(os::Stream::error); }
    std::string log() { return os.files.content("/var/log/trial.log"); }

    FakeOs os;
    ServiceOptions options{.name = "trial", .log_file = "/var/log/trial.log"};
    EventHooks hooks;
    FakeLife life{os, [this] { return fake_service<Service>(os, options, hooks); }};
};

TEST_F(FakeLifeTest, RunsInTheForegroundFromStartToStop) {
    options.daemonize = false;
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.service()->state(), ServiceState::running);
    EXPECT_EQ(os.files.content("/run/trial.pid"), std::to_string(life.pid()) + "\n");
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("state":"running")"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_FALSE(life.runs());
    EXPECT_EQ(os.open_descriptors(), 0U);
    EXPECT_EQ(os.process.forks(), 0U);
}

TEST_F(FakeLifeTest, RunsInTheBackgroundWithBothSidesOfEachFork) {
    ASSERT_TRUE(life.start()) << errors();
    EXPECT_EQ(life.start_result()->status, 0);
    EXPECT_EQ(os.processes_ever().size(), 3U);
    EXPECT_EQ(os.running(), std::vector{life.pid()});
    EXPECT_EQ(os.files.content("/run/trial.pid"), std::to_string(life.pid()) + "\n");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(os.open_descriptors(), 0U);
}

TEST_F(FakeLifeTest, ReportsToTheParentWhyTheStartFailed) {
    hooks.on_start = [] { throw std::runtime_error("the port is taken"); };
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 70);
    EXPECT_EQ(errors(), "trial: cannot start: the port is taken\n");
}

TEST_F(FakeLifeTest, TakesAsMuchTimeAsItsHandlers) {
    hooks.on_start = [this] { os.advance(20s); };
    const auto begin = os.clock.steady_now();
    ASSERT_TRUE(life.start());
    EXPECT_EQ(os.clock.steady_now() - begin, 20s);
}

TEST_F(FakeLifeTest, CrashesAndStartsAgain) {
    ASSERT_TRUE(life.start());
    const pid_t first = life.pid();
    life.crash();
    EXPECT_FALSE(life.runs());
    EXPECT_EQ(life.result()->signal, SIGKILL);
    EXPECT_TRUE(os.files.exists("/run/trial.control"));
    EXPECT_EQ(os.files.content("/run/trial.pid"), std::to_string(first) + "\n");
    EXPECT_EQ(os.open_descriptors(), 0U);

    ASSERT_TRUE(life.start());
    EXPECT_NE(life.pid(), first);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FakeLifeTest, MeetsARunningInstance) {
    ASSERT_TRUE(life.start());
    FakeLife second{os, [this] { return fake_service<Service>(os, options, hooks); }};
    EXPECT_FALSE(second.start());
    EXPECT_EQ(second.start_result()->status, 69);
    EXPECT_THAT(errors(), HasSubstr("already running (pid " + std::to_string(life.pid()) + ")"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_TRUE(second.start());
}

TEST_F(FakeLifeTest, ContinuesAfterSignalsThatDoNotEndIt) {
    int reloads = 0;
    hooks.on_reload = [&] { ++reloads; };
    ASSERT_TRUE(life.start());
    life.raise(SIGHUP);
    EXPECT_EQ(reloads, 1);
    life.raise(SIGUSR1);
    os.reactor.advance(std::chrono::milliseconds{200});
    EXPECT_THAT(log(), HasSubstr("log reopened"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FakeLifeTest, MeasuresALife) {
    options.daemonize = false;
    constexpr int lives = 200;
    const auto begin = std::chrono::steady_clock::now();
    for (int count = 0; count < lives; ++count) {
        FakeOs machine;
        FakeLife whole{machine, [&] { return fake_service<Service>(machine, options, hooks); }};
        ASSERT_TRUE(whole.start());
        ASSERT_FALSE(whole.ask(R"(["status"])").empty());
        whole.raise(SIGHUP);
        ASSERT_EQ(whole.stop(), 0);
    }
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
    std::cout << "a life (start, status, reload, stop) takes " << taken.count() / lives << " ms\n";
}

}  // namespace
}  // namespace servicekit::mocks
