// Tests of the line server (example 03). The operating system is in memory and time is virtual, so no test sleeps or
// leaves anything behind, and each runs the same way every time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <servicekit/mocks/fake_faults.hpp>
#include <servicekit/mocks/fake_life.hpp>
#include <servicekit/mocks/fake_os.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

#include "just_another_server.hpp"
#include "mock_line_server.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using servicekit::mocks::FakeFaults;
using servicekit::mocks::FakeLife;
using servicekit::mocks::FakeOs;
using ::testing::_;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Mock;
using ::testing::NiceMock;
using ::testing::Not;

const auto is_fork = Field("name", &FakeFaults::Operation::name, "process.fork");

class JustAnotherServerTest : public ::testing::Test {
protected:
    JustAnotherServerTest() {
        os.files.add_file(config, R"({"app": {"port": 1234, "data-directory": "/srv", "greeting": "hello"}})");
    }

    void edit_config(const std::string& text) {
        os.files.take_away(config);
        os.files.add_file(config, text);
    }
    [[nodiscard]] std::string log() const { return os.files.content(options.log_file); }
    [[nodiscard]] std::unique_ptr<JustAnotherServer> make_service() {
        return std::make_unique<JustAnotherServer>(line_server, options, os.host());
    }

    static constexpr auto config = "/etc/server.json";
    static constexpr auto pid_file = "/run/just-another-server.pid";

    FakeOs os;
    NiceMock<MockLineServer> line_server;
    servicekit::ServiceOptions options{
        .name = "just-another-server", .config = config, .log_file = "/var/log/server.log", .daemonize = false};
    FakeLife life{os, [this] { return make_service(); }};
};

// With a mock: the calls that the service makes to its server.

TEST_F(JustAnotherServerTest, StartsAndStopsItsServerAsConfigured) {
    const ::testing::InSequence sequence;
    EXPECT_CALL(line_server, set_greeting("hello"));
    EXPECT_CALL(line_server, start(1234, fs::path{"/srv"}, _));
    EXPECT_CALL(line_server, stop);
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(JustAnotherServerTest, FailsTheStartIfThePortIsTaken) {
    EXPECT_CALL(line_server, start).WillOnce(::testing::Throw(std::runtime_error("the port is taken")));
    EXPECT_CALL(line_server, stop).Times(0);
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.result()->status, 70);
    EXPECT_EQ(os.streams.written(servicekit::os::Stream::error),
              "just-another-server: cannot start: the port is taken\n");
}

TEST_F(JustAnotherServerTest, KeepsItsGreetingIfTheNewConfigurationIsBroken) {
    ASSERT_TRUE(life.start());
    EXPECT_CALL(line_server, set_greeting).Times(0);
    edit_config(R"({"app": {"port": 1234, "data-directory": "/srv", "greeting": )");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("/etc/server.json"));
    Mock::VerifyAndClearExpectations(&line_server);

    EXPECT_CALL(line_server, set_greeting("good day"));
    edit_config(R"({"app": {"port": 1234, "data-directory": "/srv", "greeting": "good day"}})");
    life.raise(SIGHUP);
}

TEST_F(JustAnotherServerTest, ChangesNothingIfOneKeyIsWrong) {
    ASSERT_TRUE(life.start());
    EXPECT_CALL(line_server, set_greeting).Times(0);
    edit_config(R"({"app": {"port": 70000, "data-directory": "/srv", "greeting": "good day"}})");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("/app/port"));
}

// With the fakes: what the service does with the operating system.

TEST_F(JustAnotherServerTest, AnswersOnItsControlSocket) {
    EXPECT_CALL(line_server, start).WillOnce([](auto port, const auto&, const LineServer::Figures& figures) {
        figures.port.set(port);
        figures.lines.add(7);
    });
    ASSERT_TRUE(life.start());
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("port":1234,"connections":0,"lines":7})"));
    EXPECT_THAT(life.ask(R"(["backup"])"), HasSubstr(R"("code":"bad-argument")"));
}

TEST_F(JustAnotherServerTest, GoesToTheBackgroundAndWritesItsPid) {
    options.daemonize = true;
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.start_result()->status, 0);
    EXPECT_THAT(os.faults.operations(), Contains(is_fork));
    EXPECT_EQ(os.files.content(pid_file), std::to_string(life.pid()) + "\n");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(os.files.content(pid_file), "");
}

TEST_F(JustAnotherServerTest, NeverForksInTheForeground) {
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(os.faults.operations(), Not(Contains(is_fork)));
}

TEST_F(JustAnotherServerTest, SurvivesAFullDiskAndLosesNoLogLine) {
    ASSERT_TRUE(life.start());
    os.files.set_space(0);
    life.raise(SIGHUP);
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
    EXPECT_THAT(log(), Not(HasSubstr("reload")));
    os.files.set_space(std::nullopt);
    os.reactor.advance(1s);
    EXPECT_THAT(log(), HasSubstr("reload: SIGHUP"));
}

TEST_F(JustAnotherServerTest, ExcludesOthersEvenIfThePidfileIsDeleted) {
    ASSERT_TRUE(life.start());
    os.files.take_away(pid_file);
    FakeLife second{os, [this] { return make_service(); }};
    EXPECT_FALSE(second.start());
    EXPECT_EQ(second.result()->status, 69);
    EXPECT_TRUE(life.runs());
}

TEST_F(JustAnotherServerTest, CountsItsUptimeEvenIfTheDateJumps) {
    ASSERT_TRUE(life.start());
    os.advance(20s);
    os.clock.set_system_time(os.clock.system_now() - 24h);
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("uptime":20,)"));
}

TEST_F(JustAnotherServerTest, EndsInTimeEvenIfItsServerDoesNotStop) {
    options.stop_timeout = 3s;
    EXPECT_CALL(line_server, stop).WillOnce([this] { os.advance(1h); });
    ASSERT_TRUE(life.start());
    const auto begin = os.clock.steady_now();
    EXPECT_EQ(life.stop(), 70);
    EXPECT_EQ(os.clock.steady_now() - begin, 3s);
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 3 s"));
}

TEST_F(JustAnotherServerTest, StartsAgainWhereverItIsKilled) {
    options.daemonize = true;
    ASSERT_TRUE(life.start());
    ASSERT_EQ(life.stop(), 0);
    const auto calls = os.faults.count();
    for (std::uint64_t number = 1; number <= calls; ++number) {
        os.faults.forget();
        os.faults.crash(number);
        life.start();
        if (life.runs()) life.stop();
        os.advance(1min);  // what is left of the service notices it
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

// The application works on real files, and so does this test.
TEST_F(JustAnotherServerTest, BacksUpItsFiles) {
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

TEST_F(JustAnotherServerTest, RunsAWholeLifeInNoTime) {
    constexpr int lives = 200;
    const auto begin = std::chrono::steady_clock::now();
    for (int count = 0; count < lives; ++count) {
        ASSERT_TRUE(life.start());
        ASSERT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
        life.raise(SIGHUP);
        ASSERT_EQ(life.stop(), 0);
    }
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
    std::cout << "a life of the line server (start, status, reload, stop) takes " << taken.count() / lives << " ms\n";
}

}  // namespace
