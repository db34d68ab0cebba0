// A service whose lock has two levels, from the wait for the lock to its loss.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/service_core.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_standby_lock.hpp"
#include "servicekit/service.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using mocks::FakeContest;
using mocks::FakeLife;
using mocks::FakeOs;
using mocks::FakeStandbyService;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// What a test lets a lock do besides its work.
struct LockTricks {
    std::function<void()> at_stand_down;
    std::function<void()> at_question;  ///< whether another instance stands by
    std::function<void()> at_token;
    Object fields = {};     ///< more of its status
    ClusterPlan plan = {};  ///< its own defaults
    int stand_downs = 0;
};

/// A FakeStandbyLock with tricks.
class TrickyLock final : public LockPolicy {
public:
    TrickyLock() = default;
    TrickyLock(LockTricks& tricks, FakeContest& contest, const os::Host& host)
        : tricks_{&tricks}, lock_{{.contest = &contest}, host} {}

    void configure(const Deployment& deployment) override { lock_.configure(deployment); }
    [[nodiscard]] ClusterPlan plan() const override { return tricks_ != nullptr ? tricks_->plan : ClusterPlan{}; }
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override {
        return lock_.acquire(wait, stop);
    }
    Result<std::optional<Owner>> owner() override { return lock_.owner(); }
    [[nodiscard]] Object status_fields() const override {
        Object fields = lock_.status_fields();
        if (tricks_ != nullptr)
            for (const auto& [name, value] : tricks_->fields) fields.append(name, value);
        return fields;
    }
    void release() noexcept override { lock_.release(); }
    [[nodiscard]] bool has_standby() const override { return true; }
    Result<void> contend(Contender& contender, const std::stop_token& stop) override {
        return lock_.contend(contender, stop);
    }
    Result<bool> has_successor() override {
        if (tricks_->at_question) tricks_->at_question();
        return lock_.has_successor();
    }
    void stand_down() noexcept override {
        ++tricks_->stand_downs;
        if (tricks_->at_stand_down) tricks_->at_stand_down();
        lock_.stand_down();
    }
    [[nodiscard]] bool is_active() const noexcept override { return lock_.is_active(); }
    [[nodiscard]] std::optional<std::uint64_t> token() const override {
        if (tricks_->at_token) tricks_->at_token();
        return lock_.token();
    }

private:
    LockTricks* tricks_ = nullptr;
    mocks::FakeStandbyLock lock_;
};

class StandbyTest : public ::testing::Test {
protected:
    StandbyTest() {
        hooks.on_load = [this](Settings& settings) {
            ++loads;
            settings.set(setting::log_delay, std::chrono::milliseconds{0});
            if (configure) configure(settings);
        };
        hooks.on_start = [this] {
            calls.emplace_back("start");
            if (at_start) at_start(*latest);
        };
        hooks.on_stop = [this] {
            calls.emplace_back("stop");
            if (at_stop) at_stop(*latest);
        };
        hooks.on_kill = [this] { calls.emplace_back("kill"); };
    }

    using TrickyService = BasicService<ForkingDaemon, TrickyLock, FileLog, UnixSocketControl>;

    std::unique_ptr<ServiceBase> make() {
        auto policies = TrickyService::Policies::on(os.host());
        policies.lock = TrickyLock{tricks, contest, os.host()};
        auto made = std::make_unique<TrickyService>(options, hooks, std::move(policies), os.host());
        latest = made.get();
        made->events().add({.name = "work", .handler = [](const Arguments&, Context&) {
                                return Reply{{"done", true}};
                            }});
        return made;
    }
    /// Starts the service, which stands by.
    void start_as_standby() {
        contest.hold();
        ASSERT_TRUE(life.start());
        ASSERT_EQ(life.service()->state(), ServiceState::standby);
    }
    void win() {
        contest.let_win();
        os.settle();
    }
    /// Waits in a handler, whatever is requested.
    void hang() { static_cast<void>(os.host().make_parking()->park_for(1h)); }
    /// The value of a setting, as of the start.
    template <class T>
    void set(Setting<T> setting, T value) {
        configure = [before = configure, setting, value](Settings& settings) {
            if (before) before(settings);
            settings.set(setting, value);
        };
    }
    [[nodiscard]] std::string log() { return os.files.content("/var/log/trial.log"); }
    [[nodiscard]] std::string errors() const { return os.streams.written(os::Stream::error); }
    [[nodiscard]] std::string status() { return life.ask(R"(["status"])"); }

    FakeOs os;
    FakeContest contest;
    LockTricks tricks;
    ServiceOptions options{.name = "trial", .log_file = "/var/log/trial.log"};
    EventHooks hooks;
    std::function<void(Settings&)> configure;
    std::function<void(ServiceBase&)> at_start;
    std::function<void(ServiceBase&)> at_stop;
    std::vector<std::string> calls;
    int loads = 0;
    ServiceBase* latest = nullptr;  ///< the last that was made: after the forks, that of the service itself
    FakeLife life{os, [this] { return make(); }};
};

TEST_F(StandbyTest, RunsItsHandlersOnlyAfterItHasWon) {
    start_as_standby();
    EXPECT_EQ(life.start_result()->status, 0);
    os.advance(1h);
    EXPECT_THAT(calls, IsEmpty());
    EXPECT_FALSE(life.service()->is_active());
    EXPECT_EQ(life.service()->lock_token(), std::nullopt);

    win();
    EXPECT_EQ(life.service()->state(), ServiceState::running);
    EXPECT_THAT(calls, ElementsAre("start"));
    EXPECT_TRUE(life.service()->is_active());
    EXPECT_EQ(life.service()->lock_token(), 1U);
    EXPECT_EQ(life.ask(R"(["work"])"), R"({"done":true})");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_FALSE(contest.has_active());
    EXPECT_EQ(contest.waiting(), 0U);
}

TEST_F(StandbyTest, AnswersWhileItStandsBy) {
    start_as_standby();
    EXPECT_THAT(status(), AllOf(HasSubstr(R"("state":"standby")"), HasSubstr(R"("role":"standby")"),
                                Not(HasSubstr("token")), HasSubstr(R"("pid-file":"/run/trial.pid")")));
    EXPECT_EQ(life.ask(R"(["work"])"),
              R"({"error":{"code":"not-ready","message":"the service stands by","state":"standby"}})");
    EXPECT_THAT(life.ask(R"(["log-level", {"level": "debug"}])"), HasSubstr("debug"));
    EXPECT_EQ(life.ask(R"(["log-reopen"])"), "{}");
    EXPECT_THAT(life.ask(R"(["events"])"), HasSubstr(R"("name":"resign")"));
    EXPECT_THAT(life.ask(R"(["metrics"])"), AllOf(HasSubstr("servicekit_active"), Not(HasSubstr("lock_token")),
                                                  HasSubstr(R"("name":"servicekit_lock_role")"),
                                                  HasSubstr(R"({"labels":{"role":"standby"},"value":1})")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ShowsItsRoleAndItsTokenWhileItIsActive) {
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_THAT(status(), AllOf(HasSubstr(R"("state":"running")"), HasSubstr(R"("role":"active")"),
                                HasSubstr(R"("token":1)"), HasSubstr(R"("active":{"host":"fake")")));
    EXPECT_THAT(life.ask(R"(["metrics"])"), AllOf(HasSubstr("servicekit_active"), HasSubstr("servicekit_lock_token"),
                                                  HasSubstr(R"({"labels":{"role":"active"},"value":1})")));
    EXPECT_THAT(log(), HasSubstr("active, token 1"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("no longer active, token 1"));
}

TEST_F(StandbyTest, MetricsHaveTheTimeAndTheServersThatTheLockReports) {
    start_as_standby();
    EXPECT_THAT(life.ask(R"(["metrics"])"), AllOf(Not(HasSubstr("active_left_seconds")), Not(HasSubstr("lease_left")),
                                                  Not(HasSubstr("lock_endpoints"))));
    tricks.fields = {{"active-seconds-left", 4.5},
                     {"lease-seconds-left", 7.5},
                     {"active", Object{{"host", "db1"}, {"pid", 42}}},
                     {"endpoints", Value::List{Object{{"url", "http://a"}, {"state", "ok"}},
                                               Object{{"url", "http://b"}, {"state", "timed out"}},
                                               Object{{"url", "http://c"}, {"state", "ok"}}}}};
    EXPECT_THAT(life.ask(R"(["metrics"])"),
                AllOf(ContainsRegex(R"("servicekit_active_left_seconds"[^[]*\[\{"value":4.5\}\])"),
                      ContainsRegex(R"("servicekit_lock_lease_left_seconds"[^[]*\[\{"value":7.5\}\])"),
                      HasSubstr(R"({"labels":{"host":"db1","pid":"42"},"value":1})"),
                      ContainsRegex(R"("servicekit_lock_endpoints_answering"[^[]*\[\{"value":2\}\])")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, AStopEndsTheWaitAtOnce) {
    start_as_standby();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(calls, IsEmpty());
    EXPECT_EQ(contest.waiting(), 0U);
    EXPECT_EQ(os.open_descriptors(), 0U);
}

TEST_F(StandbyTest, TheEventStopReportsACleanStop) {
    start_as_standby();
    EXPECT_THAT(life.ask(R"(["stop", {}, {"wait": true}])"), HasSubstr("stopped"));
    EXPECT_EQ(life.wait(), 0);
    EXPECT_THAT(calls, IsEmpty());
}

TEST_F(StandbyTest, AKillEndsTheWaitWithoutOnKill) {
    start_as_standby();
    life.raise(SIGINT);
    EXPECT_EQ(life.wait(), 0);
    EXPECT_THAT(calls, IsEmpty());
    EXPECT_EQ(contest.waiting(), 0U);
}

TEST_F(StandbyTest, ReloadsWhileItStandsBy) {
    start_as_standby();
    const int before = loads;
    life.raise(SIGHUP);
    EXPECT_EQ(loads, before + 1);
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("applied"));
    EXPECT_EQ(loads, before + 2);
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    win();
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, AReloadReportsThatItsSettingsNeedARestart) {
    os.files.add_file("/etc/trial.json", R"({"cluster-ttl": 10, "cluster-ca": "/etc/ca.pem"})");
    options.config = "/etc/trial.json";
    start_as_standby();
    os.files.take_away("/etc/trial.json");
    os.files.add_file("/etc/trial.json", R"({"cluster-ttl": 5, "cluster-ca": "/etc/ca.pem"})");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr(R"("needs-restart":["cluster-ttl"])"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, TheWaitDoesNotCountAsPartOfTheStart) {
    set(setting::start_timeout, std::chrono::milliseconds{10s});
    start_as_standby();
    os.advance(1h);
    at_start = [](ServiceBase& service) { EXPECT_TRUE(service.wait_for(9s)); };
    contest.let_win();
    ASSERT_TRUE(os.wait_until([this] { return life.service()->state() == ServiceState::running; }));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, TheStartOfAnActivityHasATimeLimit) {
    set(setting::start_timeout, std::chrono::milliseconds{10s});
    start_as_standby();
    os.advance(1h);
    at_start = [](ServiceBase& service) { static_cast<void>(service.wait_for(1h)); };
    contest.let_win();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(log(), HasSubstr("starting took longer than 10 s"));
    EXPECT_FALSE(contest.has_active());
}

TEST_F(StandbyTest, AFailedStartOfAnActivityEndsTheServiceAndGivesUpTheLock) {
    start_as_standby();
    at_start = [](ServiceBase&) { throw std::runtime_error("the port is taken"); };
    contest.let_win();
    EXPECT_EQ(life.wait(), 70);
    EXPECT_THAT(log(), HasSubstr("the port is taken"));
    EXPECT_THAT(calls, ElementsAre("start"));
    EXPECT_FALSE(contest.has_active());
}

TEST_F(StandbyTest, AStopWhileAnActivityStartsIsClean) {
    start_as_standby();
    at_start = [this](ServiceBase& service) {
        os.raise(life.pid(), SIGTERM);
        EXPECT_FALSE(service.wait_for(1h));
    };
    contest.let_win();
    EXPECT_EQ(life.wait(), 0);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
}

TEST_F(StandbyTest, AServiceThatCannotStandByFailsToStart) {
    contest.fail_next(Error{ExitCode::timeout, "reach", "https://one:2379", "no route to host"});
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 75);
    EXPECT_THAT(errors(), HasSubstr("cannot reach 'https://one:2379': no route to host"));
}

TEST_F(StandbyTest, AWinDuringContendBeginsTheActivity) {
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_THAT(calls, ElementsAre("start"));
    EXPECT_EQ(life.stop(), 0);
}

// Readiness.

TEST_F(StandbyTest, IsReadyWhenItIsActiveIfThatIsSet) {
    set(setting::ready_when, std::string{"active"});
    contest.hold();
    life.begin_to_start();
    os.advance(1h);
    EXPECT_FALSE(life.start_result());
    ASSERT_TRUE(life.runs());
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    win();
    ASSERT_TRUE(os.wait_until([this] { return life.start_result().has_value(); }));
    EXPECT_EQ(life.start_result()->status, 0);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, AStopBeforeItIsReadyFailsTheStartOfTheCaller) {
    set(setting::ready_when, std::string{"active"});
    contest.hold();
    life.begin_to_start();
    os.advance(1min);
    const pid_t service = life.pid();
    life.raise(SIGTERM);
    ASSERT_TRUE(os.wait_until([this] { return life.start_result().has_value(); }));
    EXPECT_EQ(life.start_result()->status, 75);
    EXPECT_THAT(errors(), HasSubstr("stopped while it stood by"));
    EXPECT_EQ(os.end_of(service)->status, 0);
}

TEST_F(StandbyTest, AFailedFirstActivityFailsTheStartOfTheCaller) {
    set(setting::ready_when, std::string{"active"});
    at_start = [](ServiceBase&) { throw std::runtime_error("the port is taken"); };
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 70);
    EXPECT_THAT(errors(), HasSubstr("the port is taken"));
}

// Loss.

TEST_F(StandbyTest, ALossStopsTheActivityAndEndsTheProcess) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase& service) {
        EXPECT_FALSE(service.is_active());
        EXPECT_EQ(service.lock_token(), std::nullopt);
        EXPECT_TRUE(service.stop_token().stop_requested());
        EXPECT_TRUE(contest.has_active());
    };
    contest.lose();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_FALSE(contest.has_active());
    EXPECT_THAT(log(),
                AllOf(HasSubstr("the lock is lost, token 1: cannot renew the lease: it has expired; on_stop has 3 s"),
                      HasSubstr("no longer active, token 1"),
                      HasSubstr("cannot remain active: cannot renew the lease: it has expired")));
}

TEST_F(StandbyTest, ALossInTheForegroundIsReportedOnStderr) {
    options.daemonize = false;
    ASSERT_TRUE(life.start());
    os.settle();
    contest.lose();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(errors(), HasSubstr("cannot remain active: cannot renew the lease: it has expired"));
}

TEST_F(StandbyTest, AfterALossItStandsByAgainIfThatIsSet) {
    set(setting::after_loss, std::string{"standby"});
    ASSERT_TRUE(life.start());
    os.settle();
    const auto first = life.service()->stop_token();
    contest.hold();
    contest.lose();
    os.settle();
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_THAT(life.ask(R"(["work"])"), HasSubstr("not-ready"));
    EXPECT_THAT(log(), HasSubstr("standing by, after it has lost the lock"));
    os.advance(1h);

    win();
    EXPECT_EQ(life.service()->state(), ServiceState::running);
    EXPECT_THAT(calls, ElementsAre("start", "stop", "start"));
    EXPECT_EQ(life.service()->lock_token(), 2U);
    EXPECT_TRUE(first.stop_requested());
    EXPECT_FALSE(life.service()->stop_token().stop_requested());
    EXPECT_EQ(life.ask(R"(["work"])"), R"({"done":true})");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(calls, ElementsAre("start", "stop", "start", "stop"));
}

TEST_F(StandbyTest, ALossHasTheTimeOfTheLock) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase&) { hang(); };
    contest.lose(FakeContest::lease_expired(), 2s);
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 2 s"));
}

TEST_F(StandbyTest, ALossWhileItStartsLetsTheStartEventEnd) {
    start_as_standby();
    at_start = [this](ServiceBase& service) {
        contest.lose();
        EXPECT_FALSE(service.wait_for(1h));
    };
    contest.let_win();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_THAT(log(), Not(HasSubstr("ready\n")));
}

TEST_F(StandbyTest, ALossWhileItStartsCanBeFollowedByStandby) {
    set(setting::after_loss, std::string{"standby"});
    start_as_standby();
    at_start = [this](ServiceBase& service) {
        contest.hold();
        contest.lose();
        EXPECT_FALSE(service.wait_for(1h));
    };
    contest.let_win();
    os.settle();
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    at_start = {};
    win();
    EXPECT_EQ(life.service()->state(), ServiceState::running);
    EXPECT_EQ(life.ask(R"(["work"])"), R"({"done":true})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ALossRightAfterTheWinRunsNoHandler) {
    start_as_standby();
    contest.let_win();
    contest.lose();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(calls, IsEmpty());
    EXPECT_FALSE(contest.has_active());
}

TEST_F(StandbyTest, ALossRightAfterTheWinCanBeFollowedByStandby) {
    set(setting::after_loss, std::string{"standby"});
    start_as_standby();
    contest.let_win();
    contest.hold();
    contest.lose();
    os.settle();
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    EXPECT_THAT(calls, IsEmpty());
    EXPECT_EQ(contest.waiting(), 1U);
    EXPECT_THAT(log(), AllOf(HasSubstr("the lock is lost, token 1: "), HasSubstr("no longer active, token 1")));
    win();
    EXPECT_EQ(life.ask(R"(["work"])"), R"({"done":true})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ASecondLossChangesNothing) {
    set(setting::after_loss, std::string{"standby"});
    ASSERT_TRUE(life.start());
    os.settle();
    contest.hold();
    contest.lose();
    contest.lose();
    os.settle();
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ALossDuringAStopLeavesTheStopClean) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase&) { contest.lose(); };
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
}

TEST_F(StandbyTest, ALossDuringAStopLimitsTheStop) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase&) {
        contest.lose(FakeContest::lease_expired(), 1s);
        hang();
    };
    EXPECT_EQ(life.stop(), 75);
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 1 s"));
}

TEST_F(StandbyTest, AWinAfterAStopBeganIsGivenUp) {
    start_as_standby();
    os.raise(life.pid(), SIGTERM);
    contest.let_win();
    EXPECT_EQ(life.wait(), 0);
    EXPECT_FALSE(contest.has_active());
}

TEST_F(StandbyTest, ALossAsksRunningEventsToEndAndRefusesThoseThatWait) {
    set(setting::after_loss, std::string{"standby"});
    ASSERT_TRUE(life.start());
    os.settle();
    life.service()->events().add({.name = "long", .handler = [](const Arguments&, Context& context) -> Reply {
                                      return {{"whole", context.wait_for(1h)}};
                                  }});
    auto running = life.connect();
    running.send(R"(["long"])");
    os.settle();
    auto waiting = life.connect();
    waiting.send(R"(["work"])");
    os.settle();
    contest.hold();
    contest.lose();
    os.settle();
    EXPECT_THAT(running.receive(), HasSubstr(R"({"whole":false})"));
    EXPECT_THAT(waiting.receive(), AllOf(HasSubstr("not-ready"), HasSubstr("stopping")));
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, AnOnStopThatFailsOnALossIsLogged) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [](ServiceBase&) { throw std::runtime_error("the disk is full"); };
    contest.lose();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_THAT(log(), HasSubstr("the disk is full"));
}

TEST_F(StandbyTest, GivesUpTheLockEvenIfItLacksMemoryForTheLog) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase&) { tricks.at_token = [] { throw std::bad_alloc{}; }; };
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(tricks.stand_downs, 1);
}

TEST_F(StandbyTest, TheTimeOfTheHandoverIsNotPartOfTheStop) {
    set(setting::stop_timeout, std::chrono::milliseconds{3s});
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [](ServiceBase& service) { static_cast<void>(service.wait_for(2s)); };
    tricks.at_stand_down = [this] { static_cast<void>(os.host().make_parking()->park_for(9s)); };
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), Not(HasSubstr("took longer")));
}

TEST_F(StandbyTest, AHealthCheckThatHangsKeepsTheLockAfterALoss) {
    set(setting::after_loss, std::string{"standby"});
    at_start = [this](ServiceBase& service) {
        service.health().add("database", [this](const Context&) { hang(); }, {.interval = 1h});
    };
    ASSERT_TRUE(life.start());
    os.settle();
    contest.lose();
    EXPECT_EQ(life.wait(), 75);
    EXPECT_EQ(tricks.stand_downs, 0);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_THAT(log(), AllOf(HasSubstr("cannot remain active: cannot renew the lease: it has expired; the lock is not "
                                       "handed over, because health checks still run: 'database'"),
                             Not(HasSubstr("no longer active"))));
}

TEST_F(StandbyTest, AHealthCheckThatHangsEndsAServiceThatResigns) {
    at_start = [this](ServiceBase& service) {
        service.health().add("database", [this](const Context&) { hang(); }, {.interval = 1h});
    };
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_THAT(life.ask(R"(["resign", {"force": true}])"), HasSubstr("health checks still run: 'database'"));
    EXPECT_EQ(life.wait(), 75);
    EXPECT_EQ(tricks.stand_downs, 0);
}

TEST_F(StandbyTest, AStopBesideAHealthCheckThatHangsIsCleanButKeepsTheLock) {
    at_start = [this](ServiceBase& service) {
        service.health().add("database", [this](const Context&) { hang(); }, {.interval = 1h});
    };
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(tricks.stand_downs, 0);
    EXPECT_THAT(log(), HasSubstr("the lock is not handed over, because health checks still run: 'database'"));
}

TEST_F(StandbyTest, NoEventStartsAfterALoss) {
    set(setting::after_loss, std::string{"standby"});
    ASSERT_TRUE(life.start());
    os.settle();
    life.service()->events().add({.name = "lose", .handler = [this](const Arguments&, Context& context) {
                                      static_cast<void>(context.wait_for(1s));
                                      contest.hold();
                                      contest.lose();
                                      return Reply{};
                                  }});
    life.service()->events().add({.name = "late", .handler = [this](const Arguments&, Context&) {
                                      calls.emplace_back("late");
                                      return Reply{};
                                  }});
    auto loser = life.connect();
    loser.send(R"(["lose"])");
    os.settle();
    auto waiting = life.connect();
    waiting.send(R"(["late"])");
    os.settle();
    os.advance(2s);
    EXPECT_THAT(waiting.receive(), AllOf(HasSubstr("not-ready"), HasSubstr("stopping")));
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ItsRoleIsNotActiveOnceTheLockIsLost) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase&) { static_cast<void>(os.host().make_parking()->park_for(2s)); };
    contest.lose();
    os.advance(1s);
    const std::string seen = status();
    EXPECT_THAT(seen,
                AllOf(HasSubstr(R"("state":"stopping")"), HasSubstr(R"("role":"standby")"), Not(HasSubstr("token"))));
    EXPECT_EQ(life.wait(), 75);
}

TEST_F(StandbyTest, AStopDoesNotWaitForeverForWhatTheLockAnswers) {
    ASSERT_TRUE(life.start());
    os.settle();
    tricks.at_question = [this] { hang(); };
    auto asker = life.connect();
    asker.send(R"(["resign"])");
    os.settle();
    const auto begun = os.host().clock->steady_now();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_LT(os.host().clock->steady_now() - begun, 10s);
}

// Resignation.

TEST_F(StandbyTest, ResignsIfAnotherInstanceStandsBy) {
    ASSERT_TRUE(life.start());
    os.settle();
    contest.set_remote_successor(true);
    contest.hold();
    EXPECT_EQ(life.ask(R"(["resign"])"), R"({"state":"standby"})");
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_EQ(contest.waiting(), 1U);
    EXPECT_THAT(log(), AllOf(ContainsRegex("resigning, asked for by .*, token 1"),
                             HasSubstr("no longer active, token 1"), HasSubstr("standing by, after it has resigned")));
    win();
    EXPECT_THAT(calls, ElementsAre("start", "stop", "start"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, DoesNotResignWithoutASuccessorUnlessForced) {
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_THAT(life.ask(R"(["resign"])"), HasSubstr(R"("code":"no-successor")"));
    EXPECT_EQ(life.ask(R"(["resign", {"test": true}])"), R"({"has-successor":false})");
    EXPECT_THAT(calls, ElementsAre("start"));
    contest.hold();
    EXPECT_EQ(life.ask(R"(["resign", {"force": true}])"), R"({"state":"standby"})");
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, CannotResignWhileItStandsBy) {
    start_as_standby();
    EXPECT_THAT(
        life.ask(R"(["resign", {"force": true}])"),
        AllOf(HasSubstr(R"("code":"not-ready")"), HasSubstr("it stands by"), HasSubstr(R"("state":"standby")")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ResigningNeedsTheRoleAdmin) {
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_THAT(life.ask(R"(["events"])"), HasSubstr(R"("needs":"admin")"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, AnOnStopThatFailsEndsAServiceThatResigns) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [](ServiceBase&) { throw std::runtime_error("the disk is full"); };
    EXPECT_THAT(life.ask(R"(["resign", {"force": true}])"), HasSubstr("the disk is full"));
    EXPECT_EQ(life.wait(), 70);
    EXPECT_FALSE(contest.has_active());
}

TEST_F(StandbyTest, AStopWhileItResignsEndsTheService) {
    ASSERT_TRUE(life.start());
    os.settle();
    at_stop = [this](ServiceBase&) { os.raise(life.pid(), SIGTERM); };
    EXPECT_THAT(life.ask(R"(["resign", {"force": true}])"), HasSubstr("state"));
    EXPECT_EQ(life.wait(), 0);
    EXPECT_THAT(calls, ElementsAre("start", "stop"));
}

TEST_F(StandbyTest, AHandlerCanLetTheServiceResign) {
    contest.set_remote_successor(true);
    ASSERT_TRUE(life.start());
    os.settle();
    life.service()->events().add({.name = "leave", .handler = [this](const Arguments&, Context&) {
                                      contest.hold();
                                      return life.service()->trigger("resign");
                                  }});
    EXPECT_EQ(life.ask(R"(["leave"])"), R"({"result":"resign-initiated"})");
    os.settle();
    EXPECT_EQ(life.service()->state(), ServiceState::standby);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, TheNextInLineTakesOverWhenTheActiveOneResignsOrDies) {
    ASSERT_TRUE(life.start());
    os.settle();
    ServiceOptions other_options = options;
    other_options.name = "other";
    other_options.log_file = "/var/log/other.log";
    FakeLife other{os, [&] { return mocks::fake_standby_service(os, contest, other_options); }};
    ASSERT_TRUE(other.start());
    os.settle();
    EXPECT_EQ(other.service()->state(), ServiceState::standby);

    EXPECT_EQ(life.ask(R"(["resign"])"), R"({"state":"standby"})");
    os.settle();
    EXPECT_EQ(other.service()->state(), ServiceState::running);
    EXPECT_EQ(other.service()->lock_token(), 2U);
    other.crash();
    os.settle();
    EXPECT_EQ(life.service()->state(), ServiceState::running);
    EXPECT_EQ(life.service()->lock_token(), 3U);
    EXPECT_EQ(life.stop(), 0);
}

// What an application has planned.

TEST_F(StandbyTest, TimersOfAnActivityEndWithItAndOthersBeginAgain) {
    int own = 0;
    int lasting = 0;
    FakeLife timed{os, [&] {
                       auto made = make();
                       made->every(1s, "lasting", [&lasting] { ++lasting; });
                       return made;
                   }};
    at_start = [&](ServiceBase&) { timed.service()->every(1s, "own", [&own] { ++own; }); };
    contest.hold();
    ASSERT_TRUE(timed.start());
    os.advance(10s);
    EXPECT_EQ(lasting, 0);
    for (int round = 1; round <= 3; ++round) {
        win();
        os.advance(3500ms);
        EXPECT_EQ(own, 3 * round);
        EXPECT_EQ(lasting, 3 * round);
        contest.hold();
        EXPECT_EQ(timed.ask(R"(["resign", {"force": true}])"), R"({"state":"standby"})");
        os.advance(1h);
    }
    EXPECT_EQ(timed.stop(), 0);
}

TEST_F(StandbyTest, HealthChecksAndEventsOfAnActivityCanBeAddedAgain) {
    int runs = 0;
    at_start = [&](ServiceBase& service) {
        service.health().add("database", [&runs](const Context&) { ++runs; }, {.critical = true, .interval = 1h});
        service.events().add({.name = "own", .handler = [](const Arguments&, Context&) {
                                  return Reply{{"own", true}};
                              }});
    };
    ASSERT_TRUE(life.start());
    os.settle();
    EXPECT_EQ(runs, 1);
    EXPECT_THAT(status(), HasSubstr("database"));
    contest.hold();
    EXPECT_EQ(life.ask(R"(["resign", {"force": true}])"), R"({"state":"standby"})");
    EXPECT_THAT(status(), Not(HasSubstr("database")));
    EXPECT_THAT(life.ask(R"(["own"])"), HasSubstr("not-ready"));
    win();
    EXPECT_EQ(runs, 2);
    EXPECT_THAT(status(), HasSubstr("database"));
    EXPECT_EQ(life.ask(R"(["own"])"), R"({"own":true})");
    at_start = {};
    contest.hold();
    EXPECT_EQ(life.ask(R"(["resign", {"force": true}])"), R"({"state":"standby"})");
    win();
    EXPECT_THAT(life.ask(R"(["own"])"), HasSubstr("event-not-found"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, ConcurrentEventsRunInEachActivity) {
    life.begin_to_start();
    os.settle();
    EventDeclaration declaration{.name = "beside", .handler = [](const Arguments&, Context&) {
                                     return Reply{{"beside", true}};
                                 }};
    declaration.concurrent = true;
    life.service()->events().replace(declaration);
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(life.ask(R"(["beside"])"), R"({"beside":true})");
        contest.hold();
        EXPECT_EQ(life.ask(R"(["resign", {"force": true}])"), R"({"state":"standby"})");
        win();
        life.service()->events().replace(declaration);
    }
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(StandbyTest, WhatTheApplicationQueuesWhileItStandsByIsRefused) {
    std::vector<std::string> codes;
    configure = [&](Settings&) {
        ServiceBase* const service = life.service();
        if (service == nullptr || service->state() != ServiceState::standby) return;
        const auto note = [&codes](const std::function<void()>& call) {
            try {
                call();
                codes.emplace_back("ok");
            } catch (const CallError& error) {
                codes.push_back(error.code() + " " + error.fields().get<std::string>("state", {}));
            }
        };
        note([service] { service->trigger("work"); });
        note([service] { service->post("work"); });
        note([service] { service->post_work("something", [] {}); });
        note([service] { static_cast<void>(service->trigger("status")); });
    };
    start_as_standby();
    life.raise(SIGHUP);
    EXPECT_THAT(codes, ElementsAre("not-ready standby", "not-ready standby", "not-ready standby", "ok"));
    EXPECT_EQ(life.stop(), 0);
}

// Only with a second level.

TEST(OneLevelTest, HasNeitherResignNorTheSettingsOfACluster) {
    FakeOs os;
    FakeLife life{os, [&os] { return mocks::fake_service<Service>(os, {.name = "plain"}); }};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(life.ask(R"(["resign"])"), HasSubstr("event-not-found"));
    EXPECT_THAT(life.ask(R"(["events"])"), Not(HasSubstr("resign")));
    EXPECT_THAT(life.ask(R"(["settings"])"), Not(HasSubstr("cluster")));
    EXPECT_THAT(life.ask(R"(["status"])"), Not(HasSubstr("role")));
    EXPECT_THAT(life.ask(R"(["metrics"])"), Not(HasSubstr("servicekit_active")));
    EXPECT_TRUE(life.service()->is_active());
    EXPECT_EQ(life.service()->lock_token(), std::nullopt);
    EXPECT_EQ(life.stop(), 0);
}

TEST(OneLevelTest, AConfigFileCannotSetTheSettingsOfACluster) {
    FakeOs os;
    os.files.add_file("/etc/plain.json", R"({"cluster-ttl": 10})");
    FakeLife life{os,
                  [&os] { return mocks::fake_service<Service>(os, {.name = "plain", .config = "/etc/plain.json"}); }};
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 78);
    EXPECT_THAT(os.streams.written(os::Stream::error), HasSubstr("/cluster-ttl: unknown key"));
}

TEST(OneLevelTest, AnApplicationMayHaveAnEventCalledResign) {
    FakeOs os;
    FakeLife life{os, [&os] {
                      auto made = mocks::fake_service<Service>(os, {.name = "plain"});
                      made->events().add({.name = "resign", .handler = [](const Arguments&, Context&) {
                                              return Reply{{"own", true}};
                                          }});
                      return made;
                  }};
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.ask(R"(["resign"])"), R"({"own":true})");
    EXPECT_EQ(life.stop(), 0);
}

// Settings.

TEST_F(StandbyTest, ReportsTheDefaultsOfTheLockAmongTheSettingsInForce) {
    tricks.plan = {.endpoints = {"https://me:secret@one:2379"},
                   .prefix = "/own",
                   .ttl = 12s,
                   .loss_stop_timeout = 4s,
                   .must_answer_at_start = true};
    set(setting::cluster_prefix, std::string{"/mine"});
    start_as_standby();
    EXPECT_THAT(life.ask(R"(["settings"])"),
                AllOf(HasSubstr(R"("cluster-endpoints":{"value":["https://me:***@one:2379"],"origin":"policy"})"),
                      HasSubstr(R"("cluster-prefix":{"value":"/mine","origin":"on-load"})"),
                      HasSubstr(R"("cluster-ttl":{"value":12,"origin":"policy"})"),
                      HasSubstr(R"("loss-stop-timeout":{"value":4,"origin":"policy"})"),
                      HasSubstr(R"("cluster-at-start":{"value":"required","origin":"policy"})"),
                      HasSubstr(R"("cluster-user":{"value":null,"origin":"not set"})")));
    EXPECT_EQ(life.stop(), 0);
}

TEST(ClusterSettingsTest, FillThePlanOfTheLock) {
    FakeOs os;
    FakeContest contest;
    os.files.add_file("/etc/trial.json", R"({
        "cluster-endpoints": ["https://one:2379", "https://two:2379"], "cluster-prefix": "/mine", "cluster-ttl": 5,
        "cluster-ca": "/etc/ca.pem", "cluster-cert": "cert.pem", "cluster-key": "key.pem", "cluster-user": "me",
        "cluster-password-file": "secret", "cluster-at-start": "required", "loss-stop-timeout": 1.5})");
    ClusterPlan plan;
    FakeLife life{os, [&] {
                      return mocks::fake_standby_service(
                          os, contest, {.name = "trial", .config = "/etc/trial.json", .daemonize = false});
                  }};
    ASSERT_TRUE(life.start());
    plan = static_cast<mocks::FakeStandbyLock&>(ServiceCore::of(*life.service()).policies().lock).plan();
    EXPECT_THAT(plan.endpoints, ElementsAre("https://one:2379", "https://two:2379"));
    EXPECT_EQ(plan.prefix, "/mine");
    EXPECT_EQ(plan.ttl, 5s);
    EXPECT_EQ(plan.ca_file, "/etc/ca.pem");
    EXPECT_TRUE(plan.certificate_file.starts_with('/')) << plan.certificate_file;
    EXPECT_TRUE(plan.key_file.ends_with("/key.pem")) << plan.key_file;
    EXPECT_EQ(plan.user, "me");
    EXPECT_TRUE(plan.password_file.ends_with("/secret")) << plan.password_file;
    EXPECT_EQ(plan.must_answer_at_start, true);
    EXPECT_EQ(plan.loss_stop_timeout, 1500ms);
    EXPECT_THAT(life.ask(R"(["settings"])"), HasSubstr(R"("cluster-prefix":{"value":"/mine")"));
    EXPECT_EQ(life.stop(), 0);
}

TEST(ClusterSettingsTest, APasswordInAUrlIsRefusedAndNotShown) {
    for (const std::string value : {R"(["https://me:secret@one:2379"])", R"("https://me:secret@one:2379")"}) {
        FakeOs os;
        FakeContest contest;
        os.files.add_file("/etc/trial.json", R"({"cluster-endpoints": )" + value + "}");
        FakeLife life{
            os,
            [&] { return mocks::fake_standby_service(os, contest, {.name = "trial", .config = "/etc/trial.json"}); }};
        EXPECT_FALSE(life.start());
        EXPECT_EQ(life.start_result()->status, 78);
        EXPECT_THAT(os.streams.written(os::Stream::error),
                    AllOf(HasSubstr("without a user or a password"), Not(HasSubstr("secret"))));
    }
}

}  // namespace
}  // namespace servicekit
