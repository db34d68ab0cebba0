#include "core/health_checks.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/current_handler.hpp"
#include "core/log_router.hpp"
#include "core/waits.hpp"
#include "servicekit/mocks/mock_log.hpp"
#include "unit/core/long_job_fixture.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class HealthChecksTest : public testing::LongJobTest {
protected:
    HealthChecksTest() {
        hooks.on_start = [this] {
            for (const auto& [name, function, options] : added_) current->health().add(name, function, options);
        };
    }
    /// Adds a check in on_start().
    void check(const std::string& name, HealthCheck function, HealthCheckOptions options = {}) {
        added_.push_back({name, std::move(function), options});
    }
    /// Adds a check that ignores all requests to end, and returns when `release` is called.
    void check_that_hangs(const std::string& name, HealthCheckOptions options = {}) {
        check(
            name,
            [this](const Context&) {
                ++hung;
                parkings_.push_back(os.host().make_parking());
                os::Parking& parking = *parkings_.back();
                parking.park();
                --hung;
            },
            options);
    }
    /// Lets the check return that was the n-th to hang.
    void release(std::size_t number) {
        parkings_.at(number)->unpark();
        os.settle();
    }
    /// Adds a check that throws while `fault` is not empty.
    void check_of_fault(HealthCheckOptions options = {}) {
        check(
            "database",
            [this](const Context&) {
                ++runs;
                if (!fault.empty()) throw std::runtime_error{fault};
            },
            options);
    }
    Value::List checks() {
        const Object status = ask(R"(["status"])");
        const Value* const found = status.find("checks");
        return found == nullptr ? Value::List{} : found->as_list();
    }
    Object result_of(const std::string& name) {
        for (const Value& check : checks())
            if (check.as_object().get<std::string>("name") == name) return check.as_object();
        return {{"missing", name}};
    }
    std::string outcome_of(const std::string& name) { return result_of(name).get<std::string>("result", {}); }
    std::string reason_of(const std::string& name) { return result_of(name).get<std::string>("reason", {}); }
    std::ptrdiff_t threads_begun() {
        return std::ranges::count(os.faults.operations(), "threads.start", &mocks::FakeFaults::Operation::name);
    }
    /// Returns how often the text is in the log.
    int times_logged(const std::string& text) {
        const std::string lines = log();
        int count = 0;
        for (auto at = lines.find(text); at != std::string::npos; at = lines.find(text, at + 1)) ++count;
        return count;
    }

    std::string fault;
    int runs = 0;
    int hung = 0;

private:
    struct Added {
        std::string name;
        HealthCheck function;
        HealthCheckOptions options;
    };
    std::vector<Added> added_;
    std::vector<std::unique_ptr<os::Parking>> parkings_;
};

TEST_F(HealthChecksTest, ACheckThatReturnsIsOk) {
    check("disk", [this](const Context& context) { runs += context.wait_for(250ms) ? 1 : 0; });
    start();
    os.advance(2s);
    EXPECT_EQ(runs, 1);
    EXPECT_THAT(checks(), ElementsAre(Value{Object{
                              {"name", "disk"}, {"result", "ok"}, {"critical", false}, {"age", 1}, {"took", 0.25}}}));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), Not(HasSubstr("health check")));
}

TEST_F(HealthChecksTest, ACheckThatThrowsHasFailedUntilItReturns) {
    check_of_fault({.critical = true, .interval = 10s});
    fault = "connection refused";
    start();
    os.advance(35s);
    EXPECT_EQ(runs, 4);
    EXPECT_EQ(result_of("database"), (Object{{"name", "database"},
                                             {"result", "failed"},
                                             {"critical", true},
                                             {"reason", "connection refused"},
                                             {"age", 5},
                                             {"took", 0}}));
    fault.clear();
    os.advance(10s);
    EXPECT_EQ(outcome_of("database"), "ok");
    EXPECT_FALSE(result_of("database").contains("reason"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(times_logged("health check 'database' failed: connection refused\n"), 1);
    EXPECT_EQ(times_logged("health check 'database' is ok again\n"), 1);
}

TEST_F(HealthChecksTest, TheIntervalCountsFromTheEndOfARun) {
    std::vector<std::chrono::seconds> begins;
    const auto zero = os.clock.steady_now();
    check("slow",
          [&](const Context& context) {
              begins.push_back(std::chrono::duration_cast<std::chrono::seconds>(os.clock.steady_now() - zero));
              static_cast<void>(context.wait_for(3s));
          },
          {.interval = 10s});
    start();
    os.advance(30s);
    EXPECT_THAT(begins, ElementsAre(0s, 13s, 26s));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, WithoutChecksThereAreNeitherThreadsNorFields) {
    start();
    os.advance(60s);
    EXPECT_EQ(threads_begun(), 0);
    EXPECT_THAT(checks(), IsEmpty());
    EXPECT_THAT(to_json(ask(R"(["metrics"])")), Not(HasSubstr("health")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, BeforeItsFirstResultACheckIsPending) {
    check("disk", [](const Context& context) { static_cast<void>(context.wait_for(4s)); });
    start();
    os.advance(2s);
    EXPECT_EQ(result_of("disk"),
              (Object{{"name", "disk"}, {"result", "pending"}, {"critical", false}, {"running", 2}}));
    EXPECT_THAT(to_json(ask(R"(["metrics"])")), Not(HasSubstr("disk")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, ChecksBeginWhenOnStartHasReturned) {
    int runs_in_start = -1;
    check_of_fault();
    hooks.on_start = [this, add = hooks.on_start, &runs_in_start] {
        add();
        static_cast<void>(current->wait_for(5s));
        runs_in_start = runs;
    };
    start();
    EXPECT_EQ(runs_in_start, 0);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, AStartThatFailsRunsNoChecks) {
    check_of_fault();
    hooks.on_start = [add = hooks.on_start] {
        add();
        throw std::runtime_error{"out of order"};
    };
    EXPECT_FALSE(life.start());
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(life.start_result()->status, 70);
}

TEST_F(HealthChecksTest, ACheckMayBeAddedWhileTheServiceRuns) {
    start();
    os.advance(60s);
    service().health().add("late", [this](const Context&) { ++runs; });
    os.settle();
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(outcome_of("late"), "ok");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(runs, 1);
}

TEST_F(HealthChecksTest, ChecksGoOnDuringAReloadAndKeepTheirResults) {
    int runs_after = 0;
    check_of_fault({.interval = 1s});
    hooks.on_reload = [&] {
        static_cast<void>(service().wait_for(5s));
        runs_after = runs;
    };
    start();
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(code_of(ask(R"(["reload"])")), "");
    EXPECT_GE(runs_after, 5);
    EXPECT_EQ(outcome_of("database"), "ok");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, ACheckThatHangsHasTimedOutAndDoesNotBeginAgain) {
    check_that_hangs("hangs", {.critical = true, .interval = 10s, .timeout = 5s});
    check_of_fault({.interval = 1s});
    start();
    os.advance(4s);
    EXPECT_EQ(outcome_of("hangs"), "pending");
    os.advance(26s);
    EXPECT_EQ(result_of("hangs"), (Object{{"name", "hangs"},
                                          {"result", "timed-out"},
                                          {"critical", true},
                                          {"reason", "it took longer than 5 s"},
                                          {"age", 25},
                                          {"took", 5},
                                          {"running", 30}}));
    EXPECT_EQ(hung, 1);
    EXPECT_GE(runs, 29);
    release(0);
    EXPECT_EQ(outcome_of("hangs"), "timed-out");
    EXPECT_FALSE(result_of("hangs").contains("running"));
    EXPECT_EQ(result_of("hangs").get<std::int64_t>("took"), 30);
    EXPECT_EQ(hung, 0);
    os.advance(9s);
    EXPECT_EQ(hung, 0);
    os.advance(1s);
    EXPECT_EQ(hung, 1);
    release(1);
    EXPECT_EQ(outcome_of("hangs"), "ok");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(times_logged("health check 'hangs' timed out: it took longer than 5 s\n"), 1);
    EXPECT_EQ(times_logged("health check 'hangs' is ok again\n"), 1);
}

TEST_F(HealthChecksTest, ARunThatEndsAtItsDeadlineHasTimedOut) {
    check("slow", [](const Context& context) { static_cast<void>(context.wait_for(1h)); }, {.timeout = 2s});
    start();
    os.advance(2s);
    EXPECT_EQ(outcome_of("slow"), "timed-out");
    EXPECT_FALSE(result_of("slow").contains("running"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, AnOverdueRunIsAskedToEnd) {
    bool was_asked = false;
    std::string refused;
    check("blocks", [&](const Context& context) {
        const auto parking = os.host().make_parking();
        const std::stop_callback at_stop{context.stop_token(), [&] {
                                             was_asked = true;
                                             try {
                                                 static_cast<void>(current->trigger("status"));
                                             } catch (const CallError& error) {
                                                 refused = error.what();
                                             }
                                             parking->unpark();
                                         }};
        parking->park();
    });
    start();
    os.advance(4s);
    EXPECT_FALSE(was_asked);
    os.advance(2s);
    EXPECT_TRUE(was_asked);
    EXPECT_THAT(refused, HasSubstr("a stop callback can't wait"));
    EXPECT_EQ(outcome_of("blocks"), "timed-out");
    EXPECT_FALSE(result_of("blocks").contains("running"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, AStopCallbackThatBlocksAtTheTimeoutDelaysOnlyItsCheck) {
    const auto held = os.host().make_parking();
    bool is_in_callback = false;
    check("blocks", [&](const Context& context) {
        const auto parking = os.host().make_parking();
        const std::stop_callback at_stop{context.stop_token(), [&] {
                                             is_in_callback = true;
                                             held->park();
                                             parking->unpark();
                                         }};
        parking->park();
    });
    check_of_fault({.interval = 1s});
    start();
    os.advance(10s);
    EXPECT_TRUE(is_in_callback);
    EXPECT_EQ(result_of("blocks").get<std::int64_t>("running"), 10);
    EXPECT_GE(runs, 9);
    held->unpark();
    os.settle();
    EXPECT_FALSE(result_of("blocks").contains("running"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), Not(HasSubstr("still run")));
}

TEST_F(HealthChecksTest, AnOverdueRunIsAskedLaterIfThereIsNoThreadForIt) {
    bool was_asked = false;
    check("blocks", [&](const Context& context) {
        const auto parking = os.host().make_parking();
        const std::stop_callback at_stop{context.stop_token(), [&] {
                                             was_asked = true;
                                             parking->unpark();
                                         }};
        parking->park();
    });
    start();
    os.threads.failures.fail_next("start", EAGAIN, "health-stop");
    os.advance(5s);
    EXPECT_EQ(outcome_of("blocks"), "timed-out");
    EXPECT_FALSE(was_asked);
    os.advance(1s);
    EXPECT_TRUE(was_asked);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, AtMostFourChecksRunAtATime) {
    int running = 0;
    int most = 0;
    for (int i = 0; i < 10; ++i)
        check("check-" + std::to_string(i), [&](const Context& context) {
            most = std::max(most, ++running);
            static_cast<void>(context.wait_for(1s));
            --running;
        });
    start();
    EXPECT_EQ(running, 4);
    EXPECT_EQ(outcome_of("check-9"), "pending");
    os.advance(3s);
    EXPECT_EQ(most, 4);
    for (const Value& one : checks()) EXPECT_EQ(one.as_object().get<std::string>("result"), "ok") << to_json(one);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, IfHungChecksHaveAllThreadsTheOthersFail) {
    for (const char* name : {"a", "b", "c", "d"}) check_that_hangs(name);
    check_of_fault({.critical = true});
    start();
    os.advance(4s);
    EXPECT_EQ(outcome_of("database"), "pending");
    os.advance(2s);
    EXPECT_EQ(outcome_of("database"), "failed");
    EXPECT_EQ(reason_of("database"), "no thread is free: 'a', 'b', 'c' and 'd' hang");
    EXPECT_EQ(result_of("database").get<std::int64_t>("age"), 1);
    EXPECT_FALSE(result_of("database").contains("took"));
    EXPECT_THAT(to_json(ask(R"(["metrics"])")), Not(HasSubstr(R"({"labels":{"check":"database"},"value":0.0})")));
    os.advance(60s);
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(result_of("database").get<std::int64_t>("age"), 61);
    release(2);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(outcome_of("database"), "ok");
    EXPECT_EQ(outcome_of("a"), "timed-out");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(times_logged("no thread is free"), 1);
}

TEST_F(HealthChecksTest, ACheckFailsIfItWaitsForAThreadForLongerThanItsTimeout) {
    check_of_fault({.critical = true, .interval = 10s, .timeout = 3s});
    for (const char* name : {"a", "b", "c"}) check_that_hangs(name);
    check_that_hangs("d", {.timeout = 1h});
    start();
    os.advance(12s);
    EXPECT_EQ(outcome_of("database"), "ok");
    os.advance(1s);
    EXPECT_EQ(outcome_of("database"), "failed");
    EXPECT_EQ(reason_of("database"), "no thread was free for 3 s: 'd', 'a', 'b' and 'c' run");
    os.advance(60s);
    EXPECT_EQ(result_of("database").get<std::int64_t>("age"), 60);
    release(0);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(outcome_of("database"), "ok");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(times_logged("no thread was free"), 1);
}

TEST_F(HealthChecksTest, AReasonThatNamesOtherChecksIsShort) {
    for (const char letter : {'a', 'b', 'c', 'd'}) check_that_hangs(std::string(64, letter));
    check_of_fault();
    start();
    os.advance(6s);
    const std::string reason = reason_of("database");
    EXPECT_THAT(reason, ::testing::StartsWith("no thread is free: 'aaa"));
    EXPECT_THAT(reason, ::testing::EndsWith("ccc..."));
    EXPECT_EQ(reason.size(), 200U);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, ACheckWithoutAThreadFailsAndIsTriedAgain) {
    check_of_fault({.interval = 10s});
    os.threads.failures.fail_next("start", EAGAIN);
    start();
    EXPECT_EQ(outcome_of("database"), "failed");
    EXPECT_THAT(reason_of("database"), HasSubstr("cannot start the thread 'health'"));
    EXPECT_FALSE(result_of("database").contains("took"));
    os.advance(10s);
    EXPECT_EQ(outcome_of("database"), "ok");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, AStopEndsChecksBeforeOnStop) {
    int running = 0;
    int running_in_stop = -1;
    check("waits", [&](const Context& context) {
        ++running;
        const bool whole = context.wait_for(3s);
        --running;
        if (!whole) throw std::runtime_error{"interrupted"};
    });
    hooks.on_stop = [&] { running_in_stop = running; };
    start();
    EXPECT_EQ(running, 1);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(running_in_stop, 0);
    EXPECT_EQ(log().find("health check"), std::string::npos);
}

TEST_F(HealthChecksTest, AStopDoesNotWaitForAnOverdueCheck) {
    bool stopped = false;
    int hung_in_stop = 0;
    check_that_hangs("hangs");
    hooks.on_stop = [&] {
        stopped = true;
        hung_in_stop = hung;
    };
    start();
    os.advance(6s);
    const auto begin = os.clock.steady_now();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(os.clock.steady_now(), begin);
    EXPECT_TRUE(stopped);
    EXPECT_EQ(hung_in_stop, 1);
    EXPECT_THAT(log(), HasSubstr("health checks still run: 'hangs'\n"));
    EXPECT_THAT(log(), HasSubstr("stopped\n"));
    EXPECT_EQ(os.files.content("/run/trial.pid"), "");
    EXPECT_FALSE(os.files.exists("/run/trial.control"));
}

TEST_F(HealthChecksTest, AStopWaitsASecondForAllChecksThatAreNotOverdue) {
    for (const char* name : {"a", "b", "c"}) check_that_hangs(name);
    start();
    const auto begin = os.clock.steady_now();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(os.clock.steady_now() - begin, 1s);
    EXPECT_THAT(log(), HasSubstr("health checks still run: 'a', 'b' and 'c'\n"));
}

TEST_F(HealthChecksTest, AStopWaitsForChecksForAtMostHalfOfItsTime) {
    os.files.add_file("/etc/trial.json", R"({"stop-timeout": 1})");
    options.config = "/etc/trial.json";
    check_that_hangs("hangs");
    start();
    const auto begin = os.clock.steady_now();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(os.clock.steady_now() - begin, 500ms);
}

TEST_F(HealthChecksTest, AKillDoesNotWaitForAHungCheck) {
    check_that_hangs("hangs");
    start();
    EXPECT_EQ(code_of(ask(R"(["kill"])")), "");
    EXPECT_EQ(life.wait(), 0);
}

TEST_F(HealthChecksTest, AReasonIsOneLineOfLimitedLength) {
    fault = "no\nway \x1b[2J" + std::string(1000, 'x');
    check_of_fault();
    start();
    const std::string reason = reason_of("database");
    EXPECT_THAT(reason, ::testing::StartsWith(R"(no\nway \x1b[2Jxxx)"));
    EXPECT_THAT(reason, ::testing::EndsWith("x..."));
    EXPECT_EQ(reason.size(), 200U);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, EscapesCountForTheLengthOfAReason) {
    fault = std::string(200, '\x1b');
    check_of_fault();
    start();
    const std::string reason = reason_of("database");
    EXPECT_EQ(reason.size(), 49 * 4 + 3U);
    EXPECT_THAT(reason, ::testing::EndsWith(R"(\x1b...)"));
    fault = std::string(50, '\x1b');
    os.advance(10s);
    EXPECT_EQ(reason_of("database").size(), 200U);
    EXPECT_THAT(reason_of("database"), ::testing::EndsWith(R"(\x1b)"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, AReasonEndsWithAWholeCharacter) {
    fault = std::string(196, 'x') + "\xC3\xA4\xC3\xA4\xC3\xA4";
    check_of_fault();
    start();
    EXPECT_EQ(reason_of("database"), std::string(196, 'x') + "...");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, CallsInACheckHaveItsDeadline) {
    std::optional<std::chrono::steady_clock::time_point> deadline;
    check("peer", [&](const Context&) { deadline = current_handler()->deadline(); }, {.timeout = 7s});
    start();
    EXPECT_EQ(deadline, os.clock.steady_now() + 7s);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, MetricsShowTheResults) {
    check_of_fault();
    check("disk", [](const Context& context) { static_cast<void>(context.wait_for(1500ms)); });
    fault = "refused";
    start();
    os.advance(2s);
    const std::string metrics = to_json(ask(R"(["metrics"])"));
    EXPECT_THAT(metrics, HasSubstr(R"({"name":"servicekit_health_check","type":"gauge",)"));
    EXPECT_THAT(metrics, HasSubstr(R"({"labels":{"check":"database"},"value":0})"));
    EXPECT_THAT(metrics, HasSubstr(R"({"labels":{"check":"disk"},"value":1})"));
    EXPECT_THAT(metrics, HasSubstr(R"("name":"servicekit_health_check_duration_seconds")"));
    EXPECT_THAT(metrics, HasSubstr(R"({"labels":{"check":"disk"},"value":1.5})"));
    EXPECT_THAT(metrics, HasSubstr(R"("name":"servicekit_health_check_timestamp_seconds")"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(HealthChecksTest, TheFieldOfStatusIsThatOfTheLibraryIfThereAreChecks) {
    hooks.on_status = [](Reply& reply) { reply.set("checks", "mine"); };
    start();
    EXPECT_EQ(ask(R"(["status"])").get<std::string>("checks"), "mine");
    service().health().add("disk", [](const Context&) {});
    os.advance(2s);
    EXPECT_THAT(checks(), SizeIs(1));
    EXPECT_THROW(service().metrics().gauge("checks", "checks that were made"), std::invalid_argument);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("on_status() may not set 'checks', which is built in\n"));
}

TEST_F(HealthChecksTest, ResultsAreAvailableToTheProgram) {
    check_of_fault({.critical = true});
    fault = "refused";
    start();
    os.advance(3s);
    const auto results = service().health().results();
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].check, "database");
    EXPECT_TRUE(results[0].critical);
    EXPECT_EQ(results[0].outcome, HealthResult::Outcome::failed);
    EXPECT_EQ(results[0].reason, "refused");
    EXPECT_EQ(results[0].age, 3s);
    EXPECT_EQ(results[0].at, os.clock.system_now() - 3s);
    EXPECT_FALSE(results[0].running);
    EXPECT_EQ(life.stop(), 0);
}

class HealthAtTheEndTest : public testing::ServiceTest {
protected:
    HealthAtTheEndTest() {
        hooks.on_stop = [this] {
            if (in_stop) in_stop();
        };
    }
    std::function<void()> in_stop;
};

TEST_F(HealthAtTheEndTest, AProcessWithAHungCheckEndsBeforeTheServiceIsDestroyed) {
    const auto parking = host.host().make_parking();
    service().health().add("hangs", [&](const Context&) { parking->park(); });
    then([&] { host.advance(6s); });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.process.exit_status(), 0);
    EXPECT_THAT(
        host.streams.written(os::Stream::error),
        HasSubstr("trial: warning: the process ends with exit code 0 and start() does not return, because health "
                  "checks still run: 'hangs'\n"));
    expect_all_released();
}

TEST_F(HealthAtTheEndTest, StartReturnsIfAHungCheckReturnsDuringTheStop) {
    const auto parking = host.host().make_parking();
    service().health().add("hangs", [&](const Context&) { parking->park(); });
    in_stop = [&] {
        parking->unpark();
        host.settle();
    };
    then([&] { host.advance(6s); });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.process.exit_status(), std::nullopt);
    expect_all_released();
}

/// Runs checks on a fake machine that lacks memory now and then.
class HealthChecksMemoryTest : public ::testing::Test {
protected:
    HealthChecksMemoryTest() {
        checks_->arm(loop_);
        EXPECT_TRUE(loop_.start());
    }
    ~HealthChecksMemoryTest() override {
        stop_.request_stop();
        checks_->stop(0ms);
        loop_.stop();
        checks_->disarm();
    }

    class Loop final : public os::EventLoop {
    public:
        explicit Loop(std::unique_ptr<os::EventLoop> real) : real_{std::move(real)} {}
        std::unique_ptr<os::Watch> watch(int descriptor) override { return real_->watch(descriptor); }
        std::unique_ptr<os::Timer> timer() override { return real_->timer(); }
        void post(std::function<void()> call) override {
            if (lacks_memory) throw std::bad_alloc{};
            real_->post(std::move(call));
        }
        void on_failure(std::function<void(const Error&)> callback) override { real_->on_failure(std::move(callback)); }
        Result<void> start() override { return real_->start(); }
        Result<void> start_on_demand(os::EventLoop& starter, std::function<void()> prepare_thread) override {
            return real_->start_on_demand(starter, std::move(prepare_thread));
        }
        [[nodiscard]] bool is_this_thread() const noexcept override { return real_->is_this_thread(); }
        void stop() override { real_->stop(); }

        bool lacks_memory = false;

    private:
        std::unique_ptr<os::EventLoop> real_;
    };
    class Threads final : public os::Threads {
    public:
        explicit Threads(os::Threads& real) : real_{real} {}
        Result<std::unique_ptr<os::Thread>> start(const std::string& name, std::function<void()> call) override {
            if (std::exchange(lacks_memory, false)) throw std::bad_alloc{};
            return real_.start(name, std::move(call));
        }
        void yield() noexcept override {}

        bool lacks_memory = false;

    private:
        os::Threads& real_;
    };
    os::Host host_of_checks() {
        os::Host host = os_.host();
        host.threads = &threads_;
        return host;
    }
    HealthResult::Outcome outcome() const { return checks_->results().front().outcome; }

    mocks::FakeOs os_;
    Threads threads_{os_.threads};
    const os::Host host_ = host_of_checks();
    ::testing::NiceMock<mocks::MockLog> log_;
    LogRouter router_{*host_.clock, *host_.process, *host_.streams, os_.boost_log};
    std::stop_source stop_;
    Loop loop_{host_.make_event_loop("control")};
    std::shared_ptr<HealthChecks> checks_ = std::make_shared<HealthChecks>(
        host_, std::make_shared<Waits>(*host_.clock, host_.make_parking), stop_.get_token(), router_.whole());
};

TEST_F(HealthChecksMemoryTest, ACheckRunsAgainIfTheEndOfAnOverdueRunLacksMemory) {
    const auto parking = host_.make_parking();
    int runs = 0;
    checks_->add("hangs",
                 [&](const Context&) {
                     if (++runs == 1) parking->park();
                 },
                 {});
    checks_->begin();
    os_.advance(6s);
    EXPECT_EQ(outcome(), HealthResult::Outcome::timed_out);
    loop_.lacks_memory = true;
    parking->unpark();
    os_.settle();
    loop_.lacks_memory = false;
    os_.advance(11s);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(outcome(), HealthResult::Outcome::ok);
}

TEST_F(HealthChecksMemoryTest, AnOverdueRunIsAskedLaterIfThereIsNoMemory) {
    bool was_asked = false;
    checks_->add("hangs",
                 [&](const Context& context) {
                     const auto parking = host_.make_parking();
                     const std::stop_callback at_stop{context.stop_token(), [&] {
                                                          was_asked = true;
                                                          parking->unpark();
                                                      }};
                     parking->park();
                 },
                 {});
    checks_->begin();
    os_.advance(4s);
    threads_.lacks_memory = true;
    os_.advance(1s);
    EXPECT_FALSE(was_asked);
    os_.advance(1s);
    EXPECT_TRUE(was_asked);
    EXPECT_EQ(outcome(), HealthResult::Outcome::timed_out);
}

TEST_F(HealthChecksMemoryTest, ResultsAreAvailableWhileTheLogWritesAtTheStop) {
    const auto parking = host_.make_parking();
    std::thread reader;
    auto read = std::make_shared<std::promise<void>>();
    auto was_read = std::future_status::deferred;
    ON_CALL(log_, write).WillByDefault([&](const LogRecord&) {
        reader = std::thread{[this, read] {
            static_cast<void>(checks_->results());
            read->set_value();
        }};
        was_read = read->get_future().wait_for(20s);
    });
    router_.open(log_, "trial");
    checks_->add("hangs", [&](const Context&) { parking->park(); }, {});
    checks_->begin();
    os_.settle();
    stop_.request_stop();
    checks_->stop(1s);
    if (reader.joinable()) reader.join();
    EXPECT_EQ(was_read, std::future_status::ready);
    EXPECT_FALSE(checks_->have_ended());
    parking->unpark();
    os_.settle();
    EXPECT_TRUE(checks_->have_ended());
    router_.close();
}

class HealthDeclarationTest : public ::testing::Test {
protected:
    void refuse(const std::string& name, HealthCheck function, HealthCheckOptions options, const std::string& reason) {
        try {
            service.health().add(name, std::move(function), options);
            ADD_FAILURE() << name;
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(error.what(), HasSubstr(reason));
        }
    }
    mocks::FakeOs os;
    Service service{{.name = "trial"}, {}, os.host()};
    const HealthCheck nothing = [](const Context&) {};
};

TEST_F(HealthDeclarationTest, RefusesWhatMakesNoSense) {
    service.health().add("disk", nothing);
    refuse("disk", nothing, {}, "cannot add the health check 'disk': there is one already");
    refuse("", nothing, {}, "expected a name of letters");
    refuse("a b\n", nothing, {}, R"(cannot add the health check 'a b\n': expected a name)");
    refuse(std::string(65, 'x'), nothing, {}, "at most 64");
    refuse("none", nullptr, {}, "there is no function to call");
    refuse("fast", nothing, {.interval = 0s}, "the interval must be positive");
    refuse("short", nothing, {.timeout = -1s}, "the timeout must be positive");
    EXPECT_THAT(service.health().results(), SizeIs(1));
}

TEST_F(HealthDeclarationTest, HasAtMostAHundredChecks) {
    for (int i = 0; i < 100; ++i) service.health().add("check-" + std::to_string(i), nothing);
    refuse("one-more", nothing, {}, "a service has at most 100");
}

}  // namespace
}  // namespace servicekit
