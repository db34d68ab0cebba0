#include "servicekit/mocks/fake_event_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeEventLoopTest : public ::testing::Test {
protected:
    std::function<void()> note(std::string text) {
        return [this, text = std::move(text)] { notes.push_back(text); };
    }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeEventLoop loop{reactor};
    std::vector<std::string> notes;
};

TEST_F(FakeEventLoopTest, CallsWhatWasPostedInOrder) {
    loop.post([this] {
        notes.emplace_back("one");
        loop.post(note("three"));
    });
    loop.post(note("two"));
    EXPECT_THAT(notes, IsEmpty());
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("one", "two", "three"));
}

TEST_F(FakeEventLoopTest, CallsTimersByTheirDeadlinesAndThenInTheOrderOfStarting) {
    const auto one = loop.timer();
    const auto two = loop.timer();
    const auto three = loop.timer();
    three->start(20ms, note("three"));
    two->start(20ms, note("two"));
    one->start(10ms, note("one"));
    loop.advance(9ms);
    EXPECT_THAT(notes, IsEmpty());
    loop.advance(100ms);
    EXPECT_THAT(notes, ElementsAre("one", "three", "two"));
}

TEST_F(FakeEventLoopTest, CallsATimerOnceAndTheLatestStartCounts) {
    const auto timer = loop.timer();
    timer->start(10ms, note("first"));
    timer->start(30ms, note("second"));
    loop.advance(20ms);
    EXPECT_THAT(notes, IsEmpty());
    loop.run_until_idle();
    EXPECT_THAT(notes, ElementsAre("second"));
}

TEST_F(FakeEventLoopTest, CallsNoTimerThatWasStoppedOrDestroyed) {
    const auto stopped = loop.timer();
    auto destroyed = loop.timer();
    stopped->start(1ms, note("stopped"));
    destroyed->start(1ms, note("destroyed"));
    stopped->stop();
    destroyed.reset();
    loop.advance(1s);
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(FakeEventLoopTest, LetsATimerDestroyItselfInItsCallback) {
    auto timer = loop.timer();
    timer->start(1ms, [this, &timer, kept = std::string(100, 'x')] {
        timer.reset();
        notes.push_back(kept.substr(0, 1));
    });
    loop.advance(1ms);
    EXPECT_THAT(notes, ElementsAre("x"));
}

TEST_F(FakeEventLoopTest, CallsAWatchOnceEachTimeThatItIsAskedTo) {
    const int descriptor = reactor.open("a descriptor");
    const auto watch = loop.watch(descriptor);
    watch->await_readable(note("one"));
    loop.run_ready();
    EXPECT_THAT(notes, IsEmpty());
    reactor.set_readable(descriptor, true);
    loop.run_ready();
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("one"));
    watch->await_readable(note("replaced"));
    watch->await_readable(note("two"));
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("one", "two"));
}

TEST_F(FakeEventLoopTest, WatchesBothDirectionsApart) {
    const int descriptor = reactor.open("a descriptor");
    const auto watch = loop.watch(descriptor);
    watch->await_readable(note("readable"));
    watch->await_writable(note("writable"));
    reactor.set_writable(descriptor, true);
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("writable"));
}

TEST_F(FakeEventLoopTest, CallsNoWatchThatWasCancelledOrDestroyed) {
    const int descriptor = reactor.open("a descriptor");
    reactor.set_readable(descriptor, true);
    const auto cancelled = loop.watch(descriptor);
    auto destroyed = loop.watch(descriptor);
    cancelled->await_readable(note("cancelled"));
    destroyed->await_readable(note("destroyed"));
    cancelled->cancel();
    destroyed.reset();
    loop.run_ready();
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(FakeEventLoopTest, ServesWatchesInTurn) {
    const int one = reactor.open("one");
    const int two = reactor.open("two");
    for (const int descriptor : {one, two}) reactor.set_readable(descriptor, true);
    const auto first = loop.watch(one);
    const auto second = loop.watch(two);
    const std::function<void()> greedy = [&] {
        notes.emplace_back("greedy");
        first->await_readable(greedy);
    };
    first->await_readable(greedy);
    second->await_readable(note("modest"));
    for (int count = 0; count < 3; ++count) reactor.step();
    EXPECT_THAT(notes, ElementsAre("greedy", "modest", "greedy"));
}

TEST_F(FakeEventLoopTest, WatchesOnlyWhatIsOpen) { EXPECT_THROW((void)loop.watch(99), std::system_error); }

TEST_F(FakeEventLoopTest, CallsWhatWasPostedBeforeItStopsAndNothingAfterwards) {
    ASSERT_TRUE(loop.start());
    EXPECT_TRUE(loop.is_running());
    loop.post([this] { loop.post(note("too late")); });
    loop.post(note("in time"));
    loop.stop();
    loop.stop();
    EXPECT_FALSE(loop.is_running());
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("in time"));
    ASSERT_TRUE(loop.start());
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("in time", "too late"));
}

TEST_F(FakeEventLoopTest, StartsOnlyOnce) {
    ASSERT_TRUE(loop.start());
    EXPECT_FALSE(loop.start());
}

TEST_F(FakeEventLoopTest, DoesNothingAtAStopBeforeTheStart) {
    loop.post(note("posted"));
    loop.stop();
    EXPECT_THAT(notes, IsEmpty());
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("posted"));
}

TEST_F(FakeEventLoopTest, RefusesOtherThreadsWhileItRuns) {
    const auto timer = loop.timer();
    const auto watch = loop.watch(reactor.open("a descriptor"));
    ASSERT_TRUE(loop.start());
    EXPECT_THROW(timer->start(1ms, [] {}), std::logic_error);
    EXPECT_THROW(timer->stop(), std::logic_error);
    EXPECT_THROW(watch->await_readable([] {}), std::logic_error);
    EXPECT_THROW(watch->await_writable([] {}), std::logic_error);
    EXPECT_THROW(watch->cancel(), std::logic_error);
    EXPECT_THROW((void)loop.timer(), std::logic_error);
    EXPECT_THROW((void)loop.watch(3), std::logic_error);

    loop.post([&] { timer->start(1ms, note("own thread")); });
    loop.advance(1ms);
    EXPECT_THAT(notes, ElementsAre("own thread"));
}

TEST_F(FakeEventLoopTest, RefusesToBeStoppedByItsOwnThread) {
    ASSERT_TRUE(loop.start());
    loop.post([this] { loop.stop(); });
    EXPECT_THROW(loop.run_ready(), std::logic_error);
}

TEST_F(FakeEventLoopTest, TurnsWithTheOthersOfItsReactor) {
    FakeEventLoop other{reactor};
    other.post(note("other"));
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("other"));
}

TEST_F(FakeEventLoopTest, IsForgottenWithWhatWasPostedWhenDestroyed) {
    {
        FakeEventLoop shortlived{reactor};
        shortlived.post(note("never"));
    }
    EXPECT_FALSE(reactor.step());
    EXPECT_THAT(notes, IsEmpty());
}

}  // namespace
}  // namespace servicekit::mocks
