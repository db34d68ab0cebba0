// The service of example 01, with the whole operating system in memory and in virtual time: no test sleeps, none leaves
// anything behind, and each goes the same way each time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "server_double.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/mocks/mock_process.hpp"

#define main just_another_server_main                         // the test has a main() of its own
#include "../01_just_another_server/just_another_server.cpp"  // NOLINT(bugprone-suspicious-include)
#undef main

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using servicekit::mocks::FakeLife;
using servicekit::mocks::FakeOs;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Not;
using Server = JustAnotherServer<ServerDouble>;

class JustAnotherServerTest : public ::testing::Test {
protected:
    JustAnotherServerTest() {
        ServerDouble::mock = &mock;
        os.files.add_file(config, R"({"app": {"port": 1234, "data-directory": "/srv", "greeting": "hello"}})");
    }

    void edit_config(const std::string& text) {
        os.files.take_away(config);
        os.files.add_file(config, text);
    }
    [[nodiscard]] std::string log() const { return os.files.content(options.log_file); }
    [[nodiscard]] static std::string greeting() { return *ServerDouble::latest->greeting.load(); }

    static constexpr auto config = "/etc/server.json";
    static constexpr auto pid_file = "/run/just-another-server.pid";

    FakeOs os;
    NiceMock<MockServer> mock;
    servicekit::ServiceOptions options{
        .name = "just-another-server", .config = config, .log_file = "/var/log/server.log", .daemonize = false};
    FakeLife life{os, [this] { return servicekit::mocks::fake_service<Server>(os, options); }};
};

// Mocks where the interaction matters.

TEST_F(JustAnotherServerTest, StartsAndStopsItsServerAsTheConfigurationSays) {
    const ::testing::InSequence sequence;
    EXPECT_CALL(mock, start(1234, std::filesystem::path{"/srv"}));
    EXPECT_CALL(mock, stop);
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(JustAnotherServerTest, EndsTheStartWhereThePortIsTaken) {
    EXPECT_CALL(mock, start).WillOnce(::testing::Throw(std::runtime_error("the port is taken")));
    EXPECT_CALL(mock, stop).Times(0);
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.result()->status, 70);
    EXPECT_EQ(os.streams.written(servicekit::os::Stream::error),
              "just-another-server: cannot start: the port is taken\n");
}

TEST_F(JustAnotherServerTest, NeverForksInTheForeground) {
    NiceMock<servicekit::mocks::MockProcess> process;
    EXPECT_CALL(process, fork).Times(0);
    FakeLife watched{os, [&] {
                         auto with_mock = os.host();
                         with_mock.process = &process;
                         auto policies = Server::Policies::on(os.host());
                         policies.daemon = servicekit::ForkingDaemon{{}, with_mock};
                         return std::make_unique<Server>(options, servicekit::EventHooks{}, std::move(policies),
                                                         os.host());
                     }};
    ASSERT_TRUE(watched.start());
    EXPECT_EQ(watched.stop(), 0);
}

// Fakes where there is state.

TEST_F(JustAnotherServerTest, AnswersOnItsControlSocket) {
    ASSERT_TRUE(life.start());
    ServerDouble::latest->lines = 7;
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("port":1234,"connections":0,"lines":7})"));
    EXPECT_THAT(life.ask(R"(["backup"])"), HasSubstr(R"("code":"bad-argument")"));
}

TEST_F(JustAnotherServerTest, GoesToTheBackgroundAndLeavesItsPid) {
    options.daemonize = true;
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.start_result()->status, 0);
    EXPECT_EQ(os.files.content(pid_file), std::to_string(life.pid()) + "\n");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(os.files.content(pid_file), "");
}

TEST_F(JustAnotherServerTest, KeepsItsGreetingWhereTheNewConfigurationIsBroken) {
    ASSERT_TRUE(life.start());
    edit_config(R"({"app": {"port": 1234, "data-directory": "/srv", "greeting": )");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("/etc/server.json"));
    EXPECT_EQ(greeting(), "hello");
    edit_config(R"({"app": {"port": 1234, "data-directory": "/srv", "greeting": "good day"}})");
    life.raise(SIGHUP);
    EXPECT_EQ(greeting(), "good day");
}

TEST_F(JustAnotherServerTest, OutlivesAFullDiskThatItsLogLosesNothingBy) {
    ASSERT_TRUE(life.start());
    os.files.set_space(0);
    life.raise(SIGHUP);
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
    EXPECT_THAT(log(), Not(HasSubstr("reload")));
    os.files.set_space(std::nullopt);
    os.reactor.advance(1s);
    EXPECT_THAT(log(), HasSubstr("reload: SIGHUP"));
}

TEST_F(JustAnotherServerTest, KeepsOthersOutEvenWhereSomebodyDeletesThePidfile) {
    ASSERT_TRUE(life.start());
    os.files.take_away(pid_file);
    FakeLife second{os, [this] { return servicekit::mocks::fake_service<Server>(os, options); }};
    EXPECT_FALSE(second.start());
    EXPECT_EQ(second.result()->status, 69);
    EXPECT_TRUE(life.runs());
}

TEST_F(JustAnotherServerTest, CountsItsUptimeThoughTheDateJumps) {
    ASSERT_TRUE(life.start());
    os.advance(20s);
    os.clock.set_system_time(os.clock.system_now() - 24h);
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("uptime":20,)"));
}

TEST_F(JustAnotherServerTest, EndsInTimeThoughItsServerDoesNotStop) {
    options.stop_timeout = 3s;
    EXPECT_CALL(mock, stop).WillOnce([this] { os.advance(1h); });
    ASSERT_TRUE(life.start());
    const auto begin = os.clock.steady_now();
    EXPECT_EQ(life.stop(), 70);
    EXPECT_EQ(os.clock.steady_now() - begin, 3s);
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 3 s"));
}

TEST_F(JustAnotherServerTest, StartsAgainWhereverItDies) {
    options.daemonize = true;
    ASSERT_TRUE(life.start());
    ASSERT_EQ(life.stop(), 0);
    const auto calls = os.faults.count();
    for (std::uint64_t number = 1; number <= calls; ++number) {
        os.faults.forget();
        os.faults.crash(number);
        life.start();
        if (life.runs()) life.stop();
        os.advance(1min);  // whoever is left notices
        os.faults.crash(0);
        ASSERT_TRUE(life.start()) << "after a death at call " << number;
        ASSERT_EQ(life.stop(), 0);
    }
    EXPECT_EQ(os.open_descriptors(), 0U);
}

TEST_F(JustAnotherServerTest, AnyCallMayFail) {
    ASSERT_TRUE(life.start());
    ASSERT_EQ(life.stop(), 0);
    const auto calls = os.faults.count();
    for (std::uint64_t number = 1; number <= calls; ++number) {
        os.faults.forget();
        os.faults.fail(number, EIO);
        if (life.start()) {
            EXPECT_EQ(life.stop(), 0) << os.faults.operations()[number - 1].name;
        }
        EXPECT_FALSE(os.locks.holder(pid_file));
        EXPECT_EQ(os.open_descriptors(), 0U);
    }
}

/// Real files are the program's own affair, and are tested on real files.
TEST_F(JustAnotherServerTest, BacksItsFilesUp) {
    const fs::path directory =
        fs::temp_directory_path() / ("testing-a-service-" + std::to_string(std::random_device{}()));
    fs::create_directories(directory / "data");
    std::ofstream{directory / "data" / "journal.log"} << "a line\n";
    edit_config(R"({"app": {"data-directory": ")" + (directory / "data").string() + R"("}})");
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.ask(R"(["backup", {"directory": ")" + (directory / "backup").string() + R"("}])"),
              R"({"files":1,"bytes":7})");
    EXPECT_TRUE(fs::exists(directory / "backup" / "journal.log"));
    EXPECT_EQ(life.stop(), 0);
    fs::remove_all(directory);
}

TEST_F(JustAnotherServerTest, LivesAWholeLifeInNoTime) {
    constexpr int lives = 200;
    const auto begin = std::chrono::steady_clock::now();
    for (int count = 0; count < lives; ++count) {
        ASSERT_TRUE(life.start());
        ASSERT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
        life.raise(SIGHUP);
        ASSERT_EQ(life.stop(), 0);
    }
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
    std::cout << "a life of example 01 (start, status, reload, stop) takes " << taken.count() / lives << " ms\n";
}

}  // namespace
