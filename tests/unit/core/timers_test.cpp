#include "core/timers.hpp"

#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TimersTest : public testing::LongJobTest {
protected:
    /// Returns how often a work runs in that time.
    int runs_in(std::chrono::milliseconds time, const int& runs) {
        const int before = runs;
        os.advance(time);
        return runs - before;
    }
    int sweeps = 0;
};

TEST_F(TimersTest, WorkIsRepeated) {
    start();
    service().every(10s, "sweep", [this] { ++sweeps; });
    EXPECT_EQ(runs_in(9999ms, sweeps), 0);
    EXPECT_EQ(runs_in(1ms, sweeps), 1);
    EXPECT_EQ(runs_in(35s, sweeps), 3);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(runs_in(60s, sweeps), 0);
}

TEST_F(TimersTest, AnIntervalSetBeforeTheStartBeginsAtReadiness) {
    hooks.on_start = [this] {
        life.service()->every(10s, "sweep", [this] { ++sweeps; });
        life.service()->wait_for(30s);
    };
    start();
    EXPECT_EQ(sweeps, 0);
    EXPECT_EQ(runs_in(9999ms, sweeps), 0);
    EXPECT_EQ(runs_in(1ms, sweeps), 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, DelayedWorkRunsOnce) {
    start();
    const TimerHandle once = service().after(5s, "greet", [this] { ++sweeps; });
    service().after(0s, "at once", [this] { sweeps += 100; });
    EXPECT_TRUE(once.is_planned());
    EXPECT_EQ(runs_in(60s, sweeps), 101);
    EXPECT_FALSE(once.is_planned());
    once.change(1s);
    once.cancel();
    EXPECT_EQ(runs_in(60s, sweeps), 0);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, StatusShowsTheNextTime) {
    start();
    service().every(1500ms, "sweep", [] {});
    service().after(1s, "greet", [] {});
    EXPECT_EQ(to_json(*ask(R"(["status"])").find("timers")),
              R"([{"name":"greet","next":"2026-01-02T03:04:06Z"},)"
              R"({"name":"sweep","interval":1.5,"next":"2026-01-02T03:04:06Z"}])");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, AHandleCancelsTheWork) {
    start();
    const TimerHandle sweep = service().every(10s, "sweep", [this] { ++sweeps; });
    EXPECT_EQ(runs_in(10s, sweeps), 1);
    sweep.cancel();
    EXPECT_FALSE(sweep.is_planned());
    EXPECT_EQ(runs_in(60s, sweeps), 0);
    EXPECT_FALSE(ask(R"(["status"])").contains("timers"));
    EXPECT_EQ(life.stop(), 0);
    sweep.change(1s);
    EXPECT_FALSE(TimerHandle{}.is_planned());
    TimerHandle{}.cancel();
}

TEST_F(TimersTest, AHandleChangesTheInterval) {
    start();
    const TimerHandle sweep = service().every(10s, "sweep", [this] { ++sweeps; });
    os.advance(9s);
    sweep.change(2s);
    EXPECT_EQ(runs_in(1999ms, sweeps), 0);
    EXPECT_EQ(runs_in(4001ms, sweeps), 3);
    sweep.change(1h);
    EXPECT_EQ(runs_in(59min, sweeps), 0);
    EXPECT_EQ(runs_in(1min, sweeps), 1);
    EXPECT_THROW(sweep.change(0s), std::invalid_argument);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, WorkCanCancelItself) {
    start();
    TimerHandle sweep;
    sweep = service().every(1s, "sweep", [&] {
        if (++sweeps == 3) sweep.cancel();
    });
    EXPECT_EQ(runs_in(60s, sweeps), 3);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, LateWorkDoesNotPileUp) {
    start();
    service().every(1s, "sweep", [this] {
        ++sweeps;
        service().wait_for(3500ms);
    });
    // It runs from 1.0 to 4.5, from 5.0 to 8.5, and from 9.0.
    EXPECT_EQ(runs_in(10s, sweeps), 3);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, WorkWaitsForARunningEventAndThenRunsOnce) {
    add("long", [](Context& context) {
        context.wait_for(10s);
        return Reply{};
    });
    start();
    service().every(1s, "sweep", [this] { ++sweeps; });
    auto long_one = begin(R"(["long"])");
    os.advance(9500ms);
    EXPECT_EQ(sweeps, 0);
    EXPECT_THAT(names_in_status("queue"), ElementsAre("sweep"));
    os.advance(600ms);
    EXPECT_EQ(sweeps, 1);
    EXPECT_EQ(runs_in(1s, sweeps), 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, OneTimeWorkCanBeCancelledInTheQueue) {
    add("long", [](Context& context) {
        context.wait_for(10s);
        return Reply{};
    });
    start();
    auto long_one = begin(R"(["long"])");
    const TimerHandle once = service().after(1s, "greet", [this] { ++sweeps; });
    os.advance(5s);
    once.cancel();
    EXPECT_EQ(runs_in(60s, sweeps), 0);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, AnExceptionIsLoggedAndTheNextRunFollows) {
    start();
    service().every(1s, "sweep", [this] {
        ++sweeps;
        throw std::runtime_error("no broom");
    });
    EXPECT_EQ(runs_in(2s, sweeps), 2);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'sweep' failed: no broom (std::runtime_error)\n"));
}

TEST_F(TimersTest, AStopEndsTheRunningWork) {
    bool whole = true;
    start();
    service().every(1s, "sweep", [&] { whole = service().wait_for(1h); });
    os.advance(2s);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_FALSE(whole);
}

TEST_F(TimersTest, RefusesInvalidArguments) {
    start();
    EXPECT_THROW(service().every(0s, "sweep", [] {}), std::invalid_argument);
    EXPECT_THROW(service().every(-1s, "sweep", [] {}), std::invalid_argument);
    EXPECT_THROW(service().after(-1s, "greet", [] {}), std::invalid_argument);
    EXPECT_THROW(service().every(1s, "sweep", nullptr), std::invalid_argument);
    EXPECT_THROW(service().every(1s, "reload", [] {}), std::invalid_argument);
    EXPECT_THROW(service().post_work("stop", [] {}), std::invalid_argument);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, OneTimeWorkIsRetriedIfTheQueueIsFull) {
    add("long", [](Context& context) {
        context.wait_for(10s);
        return Reply{};
    });
    add("quick", [](Context&) { return Reply{}; });
    start();
    auto long_one = begin(R"(["long"])");
    for (std::size_t i = 0; i < EventQueue::limit; ++i) service().post("quick");
    const TimerHandle once = service().after(1s, "greet", [this] { ++sweeps; });
    os.advance(5s);
    EXPECT_TRUE(once.is_planned());
    os.advance(10s);
    EXPECT_EQ(sweeps, 1);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("'greet' is put off by a second: too many events wait already"));
}

// Waiting.

TEST_F(TimersTest, AWaitEndsAtTheCallersTimeout) {
    std::chrono::steady_clock::time_point ended;
    bool whole = true;
    add("long", [&](Context& context) {
        whole = context.wait_for(1h);
        ended = os.clock.steady_now();
        return Reply{};
    });
    start();
    const auto began = os.clock.steady_now();
    auto client = begin(R"(["long", {}, {"timeout": 7}])");
    os.advance(1min);
    EXPECT_FALSE(whole);
    EXPECT_EQ(ended - began, 7s);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(TimersTest, AThreadOfTheProgramCanWaitForTheStop) {
    std::unique_ptr<os::Thread> worker;
    int rounds = 0;
    hooks.on_start = [&] {
        ServiceBase& it = *life.service();
        worker = *os.threads.start("worker", [&] {
            while (it.wait_for(1s)) ++rounds;
        });
    };
    hooks.on_stop = [&] { EXPECT_TRUE(worker->wait(1s)); };
    start();
    os.advance(3s);
    EXPECT_EQ(rounds, 3);
    EXPECT_FALSE(service().stop_token().stop_requested());
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(rounds, 3);
}

}  // namespace
}  // namespace servicekit
