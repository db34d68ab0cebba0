// Signals that arrive before the start is over.
#include "core/service_signals.hpp"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_life.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ServiceSignalsTest : public testing::ServiceTest {
protected:
    void raise_now(int number) { host.signals.raise(number, {.pid = 99, .uid = 0, .gid = 0}); }
    /// Raises the signal during the first load.
    void raise_while_loading(int number) {
        hooks.on_load = [this, number](Settings&) {
            ++loads;
            if (!service().is_reload()) raise_now(number);
        };
    }

    int loads = 0;
};

TEST_F(ServiceSignalsTest, AReloadRequestedDuringTheLoadFollowsTheStart) {
    raise_while_loading(SIGHUP);
    then([] {});
    then([this] { service().request_stop(); });

    EXPECT_EQ(run(), 0);

    EXPECT_EQ(loads, 2);
    EXPECT_THAT(log(), HasSubstr("reload: SIGHUP from uid 0, pid 99"));
    EXPECT_THAT(host.signals.default_actions(), IsEmpty());
    expect_all_released();
}

TEST_F(ServiceSignalsTest, AStopRequestedDuringTheLoadEndsTheStart) {
    for (const int number : {SIGTERM, SIGABRT}) {
        ServiceSignals signals{host.signals};
        ASSERT_TRUE(signals.begin_load());
        EXPECT_FALSE(signals.refusal());
        raise_now(number);
        ASSERT_TRUE(signals.refusal());
        EXPECT_EQ(signals.refusal()->exit_code, ExitCode::timeout);
    }
    raise_while_loading(SIGTERM);

    EXPECT_EQ(run(), 75);

    EXPECT_THAT(errors(), HasSubstr("trial: cannot start: stopped by SIGTERM from uid 0, pid 99\n"));
    EXPECT_FALSE(host.files.exists(pid_file));
    expect_all_released();
}

TEST_F(ServiceSignalsTest, TheProcessorTimeLimitFailsTheStart) {
    hooks.on_load = [this](Settings&) { host.signals.raise(SIGXCPU); };

    EXPECT_EQ(run(), 71);

    EXPECT_THAT(errors(), HasSubstr("trial: cannot start: SIGXCPU: the limit of processor time is reached\n"));
}

TEST_F(ServiceSignalsTest, AnInterruptEndsTheLoadAtOnce) {
    std::vector<int> ended;
    hooks.on_load = [&](Settings&) {
        host.signals.raise(SIGINT);
        ended = host.signals.default_actions();
        throw std::runtime_error("still alive");
    };

    EXPECT_EQ(run(), 78);

    EXPECT_THAT(ended, ElementsAre(SIGINT));
}

TEST_F(ServiceSignalsTest, AnInterruptAfterTheLoadIsDelivered) {
    hooks.on_start = [this] { host.signals.raise(SIGINT, {.pid = 99, .uid = 0, .gid = 0}); };

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(host.signals.default_actions(), IsEmpty());
    EXPECT_THAT(log(), HasSubstr("killed: SIGINT from uid 0, pid 99"));
}

TEST_F(ServiceSignalsTest, AProgramThatHandlesSignalsItselfKeepsItsActions) {
    options.with_signal_handlers = false;
    hooks.on_load = [this](Settings&) { EXPECT_FALSE(host.signals.is_noting()); };
    then([this] { EXPECT_FALSE(host.signals.is_taken()); });
    then([this] { service().request_stop(); });

    EXPECT_EQ(run(), 0);
}

TEST_F(ServiceSignalsTest, AConfigurationMayLeaveSignalsToTheProgram) {
    hooks.on_load = [this](Settings& settings) {
        EXPECT_TRUE(host.signals.is_noting());
        settings.set(setting::no_signal_handlers, true);
    };
    hooks.on_start = [this] { EXPECT_FALSE(host.signals.is_noting()); };
    then([this] { service().request_stop(); });

    EXPECT_EQ(run(), 0);
}

TEST_F(ServiceSignalsTest, OneTypedInterruptStopsAndTwoKill) {
    std::vector<std::string> seen;
    hooks = {.on_stop = [&] { seen.emplace_back("stop"); }, .on_kill = [&] { seen.emplace_back("kill"); }};
    then([this] { host.signals.raise(SIGINT); });

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(seen, ElementsAre("stop"));
    EXPECT_THAT(log(), HasSubstr("stopping: SIGINT from the terminal"));
}

TEST_F(ServiceSignalsTest, ATypedInterruptDuringTheStopKills) {
    hooks.on_stop = [this] {
        host.signals.raise(SIGINT);
        host.reactor.run_until([] { return false; }, "on_stop", std::chrono::milliseconds{1});
        ADD_FAILURE() << "it was not killed";
    };
    then([this] { host.signals.raise(SIGINT); });

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(log(), HasSubstr("killed: SIGINT from the terminal"));
}

TEST_F(ServiceSignalsTest, AnInterruptFromAProcessKills) {
    std::vector<std::string> seen;
    hooks = {.on_stop = [&] { seen.emplace_back("stop"); }, .on_kill = [&] { seen.emplace_back("kill"); }};
    raise(SIGINT);

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(seen, ElementsAre("kill"));
}

TEST_F(ServiceSignalsTest, TheProcessorTimeLimitStopsTheServiceWithAFailure) {
    bool stopped = false;
    hooks.on_stop = [&] { stopped = true; };
    then([this] { host.signals.raise(SIGXCPU); });

    EXPECT_EQ(run(), 71);

    EXPECT_TRUE(stopped);
    EXPECT_THAT(log(), HasSubstr("stopping: SIGXCPU: the limit of processor time is reached"));
}

/// The same with the processes of a start in the background.
class BackgroundSignalsTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string log() const { return os.files.content("/var/log/trial.log"); }

    mocks::FakeOs os;
    ServiceOptions options{.name = "trial", .log_file = "/var/log/trial.log"};
    EventHooks hooks;
    mocks::FakeLife life{os, [this] { return mocks::fake_service<Service>(os, options, hooks); }};
};

TEST_F(BackgroundSignalsTest, SignalsDuringTheLoadReachTheService) {
    bool raised = false;
    hooks.on_load = [&](Settings&) {
        if (!std::exchange(raised, true)) os.signals.raise(SIGUSR1, {.pid = 50, .uid = 0, .gid = 0});
    };

    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.stop(), 0);

    EXPECT_THAT(log(), HasSubstr("log reopened: SIGUSR1 from uid 0, pid 50"));
}

TEST_F(BackgroundSignalsTest, AStopDuringTheLoadLeavesNothing) {
    bool raised = false;
    hooks.on_load = [&](Settings&) {
        if (!std::exchange(raised, true)) os.signals.raise(SIGTERM, {.pid = 50, .uid = 0, .gid = 0});
    };

    EXPECT_FALSE(life.start());

    EXPECT_EQ(life.start_result()->status, 75);
    EXPECT_THAT(os.streams.written(os::Stream::error), HasSubstr("cannot start: stopped by SIGTERM"));
    EXPECT_THAT(os.running(), IsEmpty());
}

TEST_F(BackgroundSignalsTest, AStopWakesAWaitingHandler) {
    mocks::FakeLife waiting{
        os, [this] {
            auto service = mocks::fake_service<Service>(os, options);
            service->events().add({.name = "watch", .handler = [](const Arguments&, Context& context) {
                                       int looks = 0;
                                       while (context.wait_for(std::chrono::seconds{1})) ++looks;
                                       return Reply{{"looks", looks}};
                                   }});
            return service;
        }};
    ASSERT_TRUE(waiting.start());
    auto client = waiting.connect();
    client.send(R"(["watch"])");
    const auto begin = os.clock.steady_now();
    os.advance(std::chrono::milliseconds{90'500});

    EXPECT_EQ(waiting.stop(), 0);

    EXPECT_EQ(os.clock.steady_now() - begin, std::chrono::milliseconds{90'500});
    EXPECT_THAT(client.receive(), HasSubstr(R"({"looks":90})"));
}

}  // namespace
}  // namespace servicekit
