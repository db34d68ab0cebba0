#include "servicekit/mocks/fake_reactor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_event_loop.hpp"

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeReactorTest : public ::testing::Test {
protected:
    std::function<void()> note(std::string text) {
        return [this, text = std::move(text)] { notes.push_back(text); };
    }
    std::chrono::steady_clock::duration passed() { return clock.steady_now() - begin; }
    bool run_until(const bool& flag, std::optional<std::chrono::milliseconds> at_most = std::nullopt) {
        return reactor.run_until([&flag] { return flag; }, "the test", at_most);
    }

    FakeClock clock;
    const std::chrono::steady_clock::time_point begin = clock.steady_now();
    FakeReactor reactor{clock};
    FakeEventLoop loop{reactor};
    std::vector<std::string> notes;
};

TEST_F(FakeReactorTest, ReturnsTheLowestFreeDescriptor) {
    EXPECT_EQ(reactor.open("one"), 3);
    EXPECT_EQ(reactor.open("two"), 4);
    const auto opening = reactor.opening_of(3);
    reactor.close(3);
    EXPECT_FALSE(reactor.is_open(3));
    EXPECT_EQ(reactor.open("three"), 3);
    EXPECT_NE(reactor.opening_of(3), opening);
}

TEST_F(FakeReactorTest, PollsOrSetsTheReadinessOfADescriptor) {
    bool ready = false;
    const int asked = reactor.open("asked", {.readable = [&ready] { return ready; }});
    const int told = reactor.open("told");
    EXPECT_FALSE(reactor.is_readable(asked));
    ready = true;
    EXPECT_TRUE(reactor.is_readable(asked));
    EXPECT_FALSE(reactor.is_writable(asked));
    reactor.set_writable(told, true);
    EXPECT_TRUE(reactor.is_writable(told));
    EXPECT_FALSE(reactor.is_readable(told));
}

TEST_F(FakeReactorTest, RunsPostedCallsThenTimersThenWatches) {
    const int descriptor = reactor.open("a descriptor");
    const auto watch = loop.watch(descriptor);
    const auto timer = loop.timer();
    reactor.set_readable(descriptor, true);
    watch->await_readable(note("watch"));
    timer->start(0ms, note("timer"));
    loop.post(note("posted"));
    EXPECT_TRUE(reactor.step());
    EXPECT_THAT(notes, ElementsAre("posted"));
    reactor.run_ready();
    EXPECT_THAT(notes, ElementsAre("posted", "timer", "watch"));
    EXPECT_FALSE(reactor.step());
}

TEST_F(FakeReactorTest, CallsThatRepostDoNotStarveTimersAndWatches) {
    const int descriptor = reactor.open("a descriptor");
    const auto watch = loop.watch(descriptor);
    const auto timer = loop.timer();
    reactor.set_readable(descriptor, true);
    const std::function<void()> await = [&] {
        notes.push_back("watch");
        if (notes.size() < 6) watch->await_readable(await);
    };
    const std::function<void()> post = [&] {
        notes.push_back("posted");
        if (notes.size() < 6) loop.post(post);
    };
    watch->await_readable(await);
    timer->start(0ms, note("timer"));
    loop.post(post);
    reactor.run_ready();
    EXPECT_THAT(notes, ElementsAre("posted", "timer", "watch", "posted", "watch", "posted", "watch"));
}

TEST_F(FakeReactorTest, AdvancesFromTimerToTimer) {
    const auto early = loop.timer();
    const auto late = loop.timer();
    late->start(30ms, note("late"));
    early->start(10ms, [&] {
        notes.push_back("early at " + std::to_string(passed() / 1ms));
        early->start(10ms, note("again"));
    });
    reactor.advance(25ms);
    EXPECT_THAT(notes, ElementsAre("early at 10", "again"));
    EXPECT_EQ(passed(), 25ms);
    reactor.advance(5ms);
    EXPECT_EQ(notes.back(), "late");
}

TEST_F(FakeReactorTest, RunsUntilNoTimerIsLeft) {
    const auto timer = loop.timer();
    timer->start(1h, [&] { timer->start(1h, note("done")); });
    reactor.run_until_idle();
    EXPECT_EQ(passed(), 2h);
    EXPECT_THAT(notes, ElementsAre("done"));
}

TEST_F(FakeReactorTest, DetectsAnEndlessLoop) {
    std::function<void()> again = [&] { loop.post(again); };
    loop.post(again);
    EXPECT_THROW(reactor.run_ready(), std::logic_error);
    again = [] {};
    reactor.run_ready();

    const auto timer = loop.timer();
    std::function<void()> tick = [&] { timer->start(1ms, tick); };
    tick();
    EXPECT_THROW(reactor.run_until_idle(), std::logic_error);
}

TEST_F(FakeReactorTest, JumpsToTheTimerThatEndsTheWait) {
    bool done = false;
    const auto timer = loop.timer();
    timer->start(5s, [&] { done = true; });
    EXPECT_FALSE(run_until(done, 4s));
    EXPECT_EQ(passed(), 4s);
    EXPECT_TRUE(run_until(done));
    EXPECT_EQ(passed(), 5s);
    EXPECT_TRUE(run_until(done));
}

TEST_F(FakeReactorTest, RunsOnlyUntilTheWaitIsOver) {
    bool done = false;
    loop.post([&] { done = true; });
    loop.post(note("later"));
    EXPECT_TRUE(run_until(done));
    EXPECT_TRUE(notes.empty());
}

TEST_F(FakeReactorTest, RunsOneStepOfTheTestAtEachIdleMoment) {
    bool done = false;
    const auto timer = loop.timer();
    timer->start(1s, [&] { done = true; });
    reactor.when_idle([&] {
        notes.push_back("first");
        loop.post(note("answer"));
    });
    reactor.when_idle([&] { notes.push_back("second at " + std::to_string(passed() / 1ms)); });
    EXPECT_TRUE(reactor.has_idle_steps());
    EXPECT_TRUE(run_until(done));
    EXPECT_THAT(notes, ElementsAre("first", "answer", "second at 0"));
    EXPECT_FALSE(reactor.has_idle_steps());
}

TEST_F(FakeReactorTest, AStepMayRunItAndMoveTheTime) {
    bool done = false;
    const auto timer = loop.timer();
    timer->start(200ms, note("timer"));
    reactor.when_idle([&] {
        reactor.advance(300ms);
        notes.emplace_back("step");
        done = true;
    });
    EXPECT_TRUE(run_until(done));
    EXPECT_THAT(notes, ElementsAre("timer", "step"));
}

TEST_F(FakeReactorTest, CallsTheIdleHookOnceNoStepIsLeft) {
    int calls = 0;
    bool done = false;
    const auto timer = loop.timer();
    timer->start(1s, [&] { timer->start(1s, [] {}); });
    reactor.when_idle(note("step"));
    reactor.whenever_idle([&] {
        EXPECT_THAT(notes, ElementsAre("step"));
        done = ++calls == 3;
    });
    EXPECT_TRUE(run_until(done));
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(passed(), 2s);
}

TEST_F(FakeReactorTest, ReportsTheWaitsIfNothingIsLeft) {
    const int descriptor = reactor.open("the listener");
    const auto watch = loop.watch(descriptor);
    watch->await_readable([] {});
    try {
        run_until(false);
        FAIL() << "it has found something to do";
    } catch (const IdleForever& error) {
        EXPECT_THAT(error.what(), HasSubstr("the test waits"));
        EXPECT_THAT(error.what(),
                    HasSubstr("loop 1 was not started, awaits that descriptor 3 (the listener) can be read"));
    }
}

TEST_F(FakeReactorTest, DescribesThePendingWork) {
    const auto timer = loop.timer();
    timer->start(1500ms, [] {});
    loop.post([] {});
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(reactor.describe(), "loop 1 runs, has 1 calls to make, awaits a timer in 1500 ms");
    loop.stop();
    EXPECT_EQ(reactor.describe(), "loop 1 is stopped, with 0 calls left");
}

TEST_F(FakeReactorTest, KeepsTheRestIfACallbackThrows) {
    loop.post([] { throw std::runtime_error("thrown"); });
    loop.post(note("next"));
    EXPECT_THROW(reactor.run_ready(), std::runtime_error);
    EXPECT_TRUE(notes.empty());
    reactor.run_ready();
    EXPECT_THAT(notes, ElementsAre("next"));
}

TEST_F(FakeReactorTest, DetectsAWatchedDescriptorThatIsClosed) {
    const int descriptor = reactor.open("one");
    const auto watch = loop.watch(descriptor);
    watch->await_readable([] {});
    reactor.close(descriptor);
    reactor.open("another of the same number");
    EXPECT_THROW(reactor.run_ready(), std::logic_error);
    watch->cancel();
    EXPECT_NO_THROW(reactor.run_ready());
}

}  // namespace
}  // namespace servicekit::mocks
