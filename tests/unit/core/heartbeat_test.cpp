#include "core/heartbeat.hpp"

#include <gmock/gmock.h>

#include "unit/core/systemd_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// A service with a watchdog interval of ten seconds.
class HeartbeatTest : public testing::SystemdServiceTest {
protected:
    HeartbeatTest() { host.service_manager.want_sign_of_life_every(10s); }

    /// Runs `body` in an event that a client requests with a timeout of a second.
    void run_event(std::function<void(Context&)> body, std::optional<std::chrono::milliseconds> hangs_after = {}) {
        service().events().add({.name = "work",
                                .handler =
                                    [body = std::move(body)](const Arguments&, Context& context) {
                                        body(context);
                                        return Reply{};
                                    },
                                .hangs_after = hangs_after});
        ask(R"(["work", {}, {"timeout": 1}])");
        raise(SIGTERM);
        EXPECT_EQ(run(), 0);
    }
    /// Returns the number of watchdog pings in that time.
    std::size_t beats_in(std::chrono::milliseconds time) {
        const auto before = beats();
        host.reactor.advance(time);
        return beats() - before;
    }
    [[nodiscard]] std::size_t beats() const { return host.service_manager.count("WATCHDOG=1"); }
};

TEST_F(HeartbeatTest, BeatsTwiceInEachIntervalWhileTheServiceIsIdle) {
    then([this] { EXPECT_EQ(beats_in(60s), 12U); });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
}

TEST_F(HeartbeatTest, AReloadBehindAConcurrentEventIsNotHung) {
    EventDeclaration scan{.name = "scan", .handler = [](const Arguments&, Context& context) {
                              for (int i = 0; i < 60 && context.wait_for(10s); ++i) context.progress(1, 0);
                              return Reply{};
                          }};
    scan.concurrent = true;
    service().events().add(std::move(scan));
    ask(R"(["scan"])");
    raise(SIGHUP);
    then([this] { EXPECT_GE(beats_in(590s), 117U); });
    then([this] { host.reactor.advance(60s); });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
}

TEST_F(HeartbeatTest, TheFirstBeatIsSentWithReadiness) {
    then([this] { EXPECT_EQ(beats(), 1U); });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
}

TEST_F(HeartbeatTest, ContinuesWhileAnEventRuns) {
    std::size_t seen = 0;
    run_event([&](Context&) { seen = beats_in(60s); });
    EXPECT_EQ(seen, 12U);
}

TEST_F(HeartbeatTest, StopsForAHungEventAndReportsItOnce) {
    core().configuration().to_fill().set(setting::hang_timeout, 20s);
    run_event([&](Context&) {
        EXPECT_GE(beats_in(20s), 3U);
        EXPECT_EQ(beats_in(60s), 0U);
    });
    EXPECT_THAT(errors(), HasSubstr("<3>'work' hangs: no sign of progress for 2"));
    EXPECT_EQ(errors().find("hangs:"), errors().rfind("hangs:"));
}

TEST_F(HeartbeatTest, ATimeoutOfTheCallerDoesNotStopTheBeats) {
    std::size_t seen = 0;
    run_event([&](Context&) { seen = beats_in(30s); });
    EXPECT_EQ(seen, 6U);
}

TEST_F(HeartbeatTest, BeatsAgainWhenTheEventIsOver) {
    core().configuration().to_fill().set(setting::hang_timeout, 20s);
    then([this] {
        const auto before = beats();
        host.reactor.advance(10s);
        EXPECT_EQ(beats() - before, 2U);
    });
    std::size_t seen = 1;
    run_event([&](Context&) {
        host.reactor.advance(30s);
        seen = beats_in(30s);
    });
    EXPECT_EQ(seen, 0U);
    EXPECT_THAT(errors(), HasSubstr("'work' hangs"));
}

TEST_F(HeartbeatTest, AnEventThatReportsProgressIsNotHung) {
    core().configuration().to_fill().set(setting::hang_timeout, 20s);
    run_event([&](Context& context) {
        for (int i = 0; i < 10; ++i) {
            context.progress(1, 10);
            EXPECT_EQ(beats_in(15s), 3U);
        }
    });
    EXPECT_THAT(errors(), Not(HasSubstr("hangs")));
}

TEST_F(HeartbeatTest, AnEventMayHaveItsOwnLimit) {
    core().configuration().to_fill().set(setting::hang_timeout, 20s);
    run_event([&](Context&) { EXPECT_EQ(beats_in(60s), 12U); }, 90s);
    EXPECT_THAT(errors(), Not(HasSubstr("hangs")));
}

TEST_F(HeartbeatTest, WithALimitOfZeroNoEventIsEverHung) {
    core().configuration().to_fill().set(setting::hang_timeout, 0s);
    run_event([&](Context&) { EXPECT_EQ(beats_in(600s), 120U); });
}

TEST_F(HeartbeatTest, AReloadCanChangeTheLimit) {
    host.files.add_file("/etc/trial.json", R"({"hang-timeout": 600})");
    options.config = "/etc/trial.json";
    service().events().add({.name = "work", .handler = [this](const Arguments&, Context&) {
                                host.reactor.advance(20s);
                                EXPECT_EQ(beats_in(60s), 0U);
                                return Reply{};
                            }});
    then([this] { rewrite("/etc/trial.json", R"({"hang-timeout": 20})"); });
    raise(SIGHUP);
    ask(R"(["work"])");
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
}

TEST_F(HeartbeatTest, WithoutAWatchdogNothingWakesAnIdleService) {
    host.service_manager.take_watchdog();
    then([this] {
        const auto before = host.clock.steady_now();
        host.reactor.run_until_idle();  // would advance the clock if a timer ran
        EXPECT_EQ(host.clock.steady_now(), before);
    });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(beats(), 0U);
}

}  // namespace
}  // namespace servicekit
