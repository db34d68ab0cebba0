// Memory or epoll watches run out while a service runs: the connection is closed, and the service goes on.
#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "sanitized.hpp"

namespace servicekit::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

class ScarceMeansTest : public ServiceTest {
protected:
    void SetUp() override {
        if (is_sanitized) GTEST_SKIP() << "the sanitizer needs memory of its own";
        ServiceTest::SetUp();
    }
};

TEST_F(ScarceMeansTest, WithoutWatchesConnectionsEndAndTheServiceStops) {
    RunningService service{trial};
    const Object denied = service.call("deny-epoll");
    if (!(*denied.find("denied") == Value{true})) GTEST_SKIP() << "no system call can be denied here";

    int closed = 0;
    for (int clients = 0; clients < 50; ++clients) {
        RawClient client{trial.control_socket()};
        // It sends nothing, so the service would have to wait for it.
        if (client.rest().empty()) ++closed;
    }
    EXPECT_EQ(closed, 50);
    EXPECT_FALSE(service.has_ended());

    const Outcome stopped = trial.verb({"stop"});
    // The connection of `stop` is closed, too, usually before the service can report how it stopped.
    if (stopped.exit_code != 0) {
        EXPECT_EQ(stopped.exit_code, 70);
        EXPECT_THAT(stopped.err, HasSubstr("not cleanly: it ended without a reply; its log may show why"));
    }
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
    EXPECT_THAT(trial.log(), HasSubstr("cannot watch a descriptor: No space left on device"));
}

TEST_F(ScarceMeansTest, WithoutWatchesASignalStopsTheServiceAtOnce) {
    RunningService service{trial};
    const Object denied = service.call("deny-epoll");
    if (!(*denied.find("denied") == Value{true})) GTEST_SKIP() << "no system call can be denied here";

    service.signal(SIGHUP);
    service.await_log("reload: SIGHUP");
    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
}

TEST_F(ScarceMeansTest, AReplyWithoutMemoryIsAnError) {
    RunningService service{trial};
    constexpr int megabyte = 1 << 20;
    service.call("limit-memory", {{"bytes", 16 * megabyte}});

    for (const int megabytes : {20, 64, 1000})
        EXPECT_EQ(trial.verb({"call", "big-reply", "bytes=" + std::to_string(megabytes * megabyte)}).exit_code == 0,
                  false)
            << megabytes;

    EXPECT_EQ(trial.verb({"call", "echo", "integer=1"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

/// Returns the command with that limit of its address space, in KiB.
Command with_address_space(int limit, Command command) {
    const Strings prefix{"sh", "-c", "ulimit -v \"$0\"; exec \"$@\"", std::to_string(limit)};
    command.arguments.insert(command.arguments.begin(), prefix.begin(), prefix.end());
    return command;
}

class ScarceMemoryTest : public ScarceMeansTest {
protected:
    /// Asks for a small and for a large reply. The service may refuse both.
    void ask() const {
        static_cast<void>(trial.verb({"call", "echo", "integer=1", "--timeout", "10"}));
        Command large = trial.command({"call", "echo", "--json", "-", "--timeout", "10"});
        large.input = R"({"string":")" + std::string(1'000'000, 'x') + R"("})";
        static_cast<void>(run_command(large));
    }

    void expect_no_crash() const {
        for (const auto& entry : fs::directory_iterator{trial.directory()})
            EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".crash"))) << read_file(entry.path());
    }

    static constexpr int least = 24'000;
    static constexpr int most = 48'000;
};

TEST_F(ScarceMemoryTest, AServiceInTheForegroundIsRefusedOrLives) {
    for (int limit = least; limit <= most; limit += 1'500) {
        SCOPED_TRACE(limit);
        fs::remove(trial.log_file());
        RunningCommand service{with_address_space(limit, trial.command({"run"}))};
        await_state("it is ready or has ended",
                    [&] { return service.has_ended() || trial.log().find(" ready\n") != std::string::npos; });
        if (!service.has_ended()) ask();
        if (!service.has_ended()) service.signal(SIGTERM);

        const Outcome ended = service.finish();

        EXPECT_THAT(ended.exit_code, AnyOf(0, 71)) << ended;
        expect_no_crash();
    }
}

TEST_F(ScarceMemoryTest, AServiceInTheBackgroundIsRefusedOrLives) {
    for (int limit = least; limit <= most; limit += 1'500) {
        SCOPED_TRACE(limit);
        const Outcome started = run_command(with_address_space(limit, trial.command({"start"})));
        EXPECT_THAT(started.exit_code, AnyOf(0, 71)) << started;
        if (started.exit_code == 0) {
            Process service{trial.pid_in_file()};
            ask();
            service.signal(SIGTERM);
            EXPECT_EQ(service.exit_code(), 0);
        }
        expect_no_crash();
    }
}

TEST_F(ScarceMeansTest, RequestsWithoutMemoryEndTheirConnectionsOnly) {
    RunningService service{trial};
    service.call("limit-memory", {{"bytes", 4 << 20}});
    {
        std::vector<std::unique_ptr<RawClient>> clients;
        const std::string unfinished = R"(["echo",{"string":")" + std::string(900'000, 'x');
        for (int count = 0; count < 40; ++count) {
            clients.push_back(std::make_unique<RawClient>(trial.control_socket()));
            try {
                clients.back()->send(unfinished);
            } catch (const std::runtime_error&) {
                clients.pop_back();  // ended by the service
            }
        }
        EXPECT_FALSE(service.has_ended());
    }

    await_state("it answers again", [&] { return trial.verb({"call", "echo", "integer=1"}).exit_code == 0; });
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

}  // namespace
}  // namespace servicekit::test
