#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <stop_token>
#include <utility>

#include "core/lifecycle.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::HasSubstr;

/// Errors of system calls that rarely fail.
class LifecycleFaultsTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string errors() const { return os.streams.written(os::Stream::error); }
    [[nodiscard]] std::string log() const { return os.files.content("/var/log/trial.log"); }

    mocks::FakeOs os;
    ServiceOptions options{.name = "trial", .log_file = "/var/log/trial.log"};
    mocks::FakeLife life{os, [this] { return mocks::fake_service<Service>(os, options); }};
};

TEST_F(LifecycleFaultsTest, ADaemonWithoutAnEventLoopReportsWhyToItsParent) {
    os.faults.fail("event_loop.make", 1, EMFILE);
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 71);
    EXPECT_EQ(errors(), "trial: cannot make an event loop: Too many open files\n");
}

TEST_F(LifecycleFaultsTest, InTheForegroundAMissingEventLoopFailsTheStart) {
    options.daemonize = false;
    os.faults.fail("event_loop.make", 1, EMFILE);
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.result()->status, 71);
    EXPECT_EQ(life.result()->exception, "");
    EXPECT_EQ(errors(), "trial: cannot make an event loop: Too many open files\n");
}

TEST_F(LifecycleFaultsTest, ConnectionsThatCannotBeAcceptedAreLoggedOnce) {
    ASSERT_TRUE(life.start());
    os.faults.fail_always("sockets.accept", EMFILE);
    auto client = life.connect();
    client.send(R"(["status"])");
    os.advance(std::chrono::seconds{5});
    const std::string line = "cannot accept a connection on '/run/trial.control': Too many open files";
    const auto first = log().find(line);
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(log().find(line, first + 1), std::string::npos);

    os.faults.succeed_again("sockets.accept");
    os.advance(std::chrono::seconds{1});
    EXPECT_THAT(client.receive(), HasSubstr("running"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LifecycleFaultsTest, AControlSocketThatCannotBeWatchedFailsTheStart) {
    os.faults.fail("event_loop.watch", 1, ENOSPC);
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 71);
    EXPECT_EQ(errors(), "trial: cannot listen on '/run/trial.control': No space left on device\n");
    EXPECT_FALSE(os.files.exists("/run/trial.control"));
}

TEST_F(LifecycleFaultsTest, AReplyWithoutMemoryFailsAndTheServiceGoesOn) {
    mocks::FakeLife greedy{
        os, [this] {
            auto service = mocks::fake_service<Service>(os, options);
            service->events().add(
                {.name = "greedy", .handler = [](const Arguments&, Context&) -> Reply { throw std::bad_alloc{}; }});
            return service;
        }};
    ASSERT_TRUE(greedy.start());
    EXPECT_THAT(greedy.ask(R"(["greedy"])"), HasSubstr("event-error"));
    EXPECT_THAT(greedy.ask(R"(["status"])"), HasSubstr("running"));
    EXPECT_EQ(greedy.stop(), 0);
}

TEST_F(LifecycleFaultsTest, AConnectionThatCannotBeWatchedIsLogged) {
    ASSERT_TRUE(life.start());
    os.faults.fail("event_loop.watch", 2, ENOSPC);
    EXPECT_EQ(life.ask(R"([)"), "");
    EXPECT_THAT(log(), HasSubstr("cannot serve a connection: cannot watch a descriptor: No space left on device"));
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
}

TEST_F(LifecycleFaultsTest, ASocketThatCannotBeRemovedIsLogged) {
    ASSERT_TRUE(life.start());
    os.faults.fail("sockets.remove_file", 1, EIO);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("cannot remove '/run/trial.control': Input/output error"));
}

/// A lock that lacks memory.
class GreedyLock final : public LockPolicy {
public:
    Result<Acquisition> acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) override { throw std::bad_alloc{}; }
    Result<std::optional<Owner>> owner() override { return std::optional<Owner>{}; }
    void release() noexcept override {}
};

using GreedyLockService = BasicService<ForkingDaemon, GreedyLock, FileLog, UnixSocketControl>;

TEST_F(LifecycleFaultsTest, AnExceptionInAStageUndoesTheEarlierStages) {
    mocks::FakeLife failing{os, [this] { return mocks::fake_service<GreedyLockService>(os, options); }};
    EXPECT_FALSE(failing.start());
    EXPECT_EQ(failing.start_result()->status, 71);
    EXPECT_EQ(errors(), "trial: cannot start: Cannot allocate memory\n");
    EXPECT_FALSE(os.files.exists("/run/trial.control"));
}

TEST_F(LifecycleFaultsTest, InTheBackgroundTheCallersSignalStateIsReset) {
    bool was_deaf = false;
    bool is_deaf = true;
    const auto looks_deaf = [&] {
        return os.signals.is_blocked_by_caller(SIGTERM) || os.signals.is_blocked_by_caller(SIGUSR2);
    };
    const EventHooks hooks{.on_load =
                               [&](Settings&) {
                                   os.signals.block_as_caller(SIGTERM);
                                   os.signals.block_as_caller(SIGUSR2);
                                   was_deaf = looks_deaf();
                               },
                           .on_start = [&] { is_deaf = looks_deaf(); }};
    mocks::FakeLife deaf{os, [&] { return mocks::fake_service<Service>(os, options, hooks); }};
    ASSERT_TRUE(deaf.start());
    EXPECT_TRUE(was_deaf);
    EXPECT_FALSE(is_deaf);
    EXPECT_EQ(deaf.stop(), 0);
}

}  // namespace
}  // namespace servicekit
