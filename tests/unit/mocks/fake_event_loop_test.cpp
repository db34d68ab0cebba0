#include "servicekit/mocks/fake_event_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// EventLoopContract tests what holds for every loop.
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

TEST_F(FakeEventLoopTest, RunsPostedCallsBeforeItStopsAndNoneAfter) {
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

TEST_F(FakeEventLoopTest, RunsTogetherWithTheOtherLoopsOfItsReactor) {
    FakeEventLoop other{reactor};
    other.post(note("other"));
    loop.run_ready();
    EXPECT_THAT(notes, ElementsAre("other"));
}

TEST_F(FakeEventLoopTest, DropsItsPostedCallsWhenDestroyed) {
    {
        FakeEventLoop shortlived{reactor};
        shortlived.post(note("never"));
    }
    EXPECT_FALSE(reactor.step());
    EXPECT_THAT(notes, IsEmpty());
}

}  // namespace
}  // namespace servicekit::mocks
