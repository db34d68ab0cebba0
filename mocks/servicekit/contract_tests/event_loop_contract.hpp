#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "servicekit/os/event_loop.hpp"

/// Tests what core and policies rely on in every event loop. To run the tests on your own loop, describe how it is made
/// and driven, and instantiate the suite:
/// \code
/// struct MyLoopRig {
///     std::unique_ptr<servicekit::os::EventLoop> make_loop();
///     /// A descriptor that is ready for nothing. The other functions take one of these.
///     int open();
///     void make_readable(int descriptor);
///     void make_writable(int descriptor);
///     void hang_up(int descriptor);
///     /// Returns when the running loop has called back for everything that is ready now.
///     void settle(servicekit::os::EventLoop& loop);
///     /// Lets time pass, a minute at most. \returns true if the future has become ready
///     bool wait(std::future<void>& future);
///     /// The clock of the timers.
///     std::chrono::steady_clock::time_point now();
/// };
/// namespace servicekit::contract_tests {
/// INSTANTIATE_TYPED_TEST_SUITE_P(MyLoop, EventLoopContract, MyLoopRig);
/// }
/// \endcode
namespace servicekit::contract_tests {

/// The names that a test gave to the calls.
using CallsMade = std::vector<std::string>;

/// Something that a test waits for another thread to do.
class Happening {
public:
    void happens() { promise_.set_value(); }
    [[nodiscard]] std::future<void>& future() noexcept { return future_; }

private:
    std::promise<void> promise_;
    std::future<void> future_ = promise_.get_future();
};

template <class Rig>
class EventLoopContract : public ::testing::Test {
protected:
    void TearDown() override { stop(); }

    void start() { ASSERT_TRUE(loop->start()); }
    /// Also starts the loop that starts its thread.
    void start_on_demand(const std::function<void()>& prepare_thread = [] {}) {
        starter = rig.make_loop();
        ASSERT_TRUE(loop->start_on_demand(*starter, prepare_thread));
        ASSERT_TRUE(starter->start());
    }
    void stop() {
        if (loop) loop->stop();
        if (starter) starter->stop();
    }
    void settle() { rig.settle(*loop); }
    [[nodiscard]] bool has_happened(Happening& happening) { return rig.wait(happening.future()); }
    /// Runs the call on the loop's thread, and waits until it is done.
    void in_loop(const std::function<void()>& call) {
        Happening done;
        loop->post([&] {
            call();
            done.happens();
        });
        ASSERT_TRUE(has_happened(done));
    }
    /// Returns a callback that adds `call` to the calls.
    [[nodiscard]] std::function<void()> note(std::string call) {
        return [this, call = std::move(call)] { calls.push_back(call); };
    }
    /// Starts a timer, and waits until it has called back. \pre the loop runs
    void let_pass(std::chrono::milliseconds time) {
        Happening up;
        std::unique_ptr<os::Timer> last;
        in_loop([&] {
            last = loop->timer();
            last->start(time, [&up] { up.happens(); });
        });
        ASSERT_TRUE(has_happened(up));
        in_loop([&last] { last.reset(); });
    }

    Rig rig;
    std::unique_ptr<os::EventLoop> starter;
    std::unique_ptr<os::EventLoop> loop = rig.make_loop();
    const int descriptor = rig.open();
    // Used by the loop's thread while the loop runs.
    CallsMade calls;
    std::unique_ptr<os::Watch> watch = loop->watch(descriptor);
    std::unique_ptr<os::Timer> timer = loop->timer();
    std::unique_ptr<os::Timer> other_timer = loop->timer();
};

TYPED_TEST_SUITE_P(EventLoopContract);

// Posted calls, start and stop.

TYPED_TEST_P(EventLoopContract, MakesPostedCallsInOrderAndWhatACallPostsBehindThem) {
    this->loop->post([this] {
        this->calls.emplace_back("one");
        this->loop->post(this->note("three"));
    });
    this->loop->post(this->note("two"));
    this->start();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"one", "two", "three"}));
}

TYPED_TEST_P(EventLoopContract, AStopMakesTheCallsThatWerePostedBefore) {
    this->loop->post(this->note("one"));
    this->start();
    this->loop->post(this->note("two"));
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"one", "two"}));
}

TYPED_TEST_P(EventLoopContract, MayBeStoppedTwiceAndWithoutAStart) {
    this->loop->post(this->note("posted"));
    this->stop();
    EXPECT_TRUE(this->calls.empty());
    this->start();
    this->stop();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"posted"});
}

TYPED_TEST_P(EventLoopContract, StartsAgainAfterAStop) {
    this->start();
    this->stop();
    this->start();
    this->in_loop(this->note("called"));
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"called"});
}

TYPED_TEST_P(EventLoopContract, RefusesToStartWhileItRuns) {
    this->start();
    const Result<void> again = this->loop->start();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, "it runs already");
}

TYPED_TEST_P(EventLoopContract, OnDemandItPreparesTheThreadAndMakesPostedCalls) {
    this->watch.reset();
    this->start_on_demand(this->note("prepared"));
    EXPECT_FALSE(this->loop->start());
    this->in_loop(this->note("one"));
    this->in_loop(this->note("two"));
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"prepared", "one", "two"}));
}

TYPED_TEST_P(EventLoopContract, OnDemandAStopMakesTheCallsThatWerePostedBefore) {
    this->watch.reset();
    this->starter = this->rig.make_loop();
    ASSERT_TRUE(this->loop->start_on_demand(*this->starter, [] {}));
    this->loop->post(this->note("one"));
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"one"});
}

TYPED_TEST_P(EventLoopContract, KnowsItsThread) {
    this->start();
    bool is_its = false;
    this->in_loop([&] { is_its = this->loop->is_this_thread(); });
    EXPECT_TRUE(is_its);
    EXPECT_FALSE(this->loop->is_this_thread());
    this->stop();
    EXPECT_FALSE(this->loop->is_this_thread());
}

TYPED_TEST_P(EventLoopContract, OnDemandItServesWhatWasAwaitedBefore) {
    this->watch->await_readable(this->note("readable"));
    this->start_on_demand();
    this->rig.make_readable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"readable"});
}

TYPED_TEST_P(EventLoopContract, OnDemandATimerThatACallStartsKeepsTheThread) {
    this->watch.reset();
    this->start_on_demand();
    this->let_pass(std::chrono::milliseconds{1'500});
    this->stop();
}

TYPED_TEST_P(EventLoopContract, CallsThatPostThemselvesKeepNoWatchAndNoTimerWaiting) {
    bool was_readable = false;
    bool was_up = false;
    std::function<void()> post_again = [&] {
        if (!was_readable || !was_up) this->loop->post(post_again);
    };
    this->watch->await_readable([&] { was_readable = true; });
    this->timer->start(std::chrono::milliseconds{0}, [&] { was_up = true; });
    this->rig.make_readable(this->descriptor);
    this->loop->post(post_again);
    this->start();
    this->settle();
    this->let_pass(std::chrono::milliseconds{1});
    this->stop();
    EXPECT_TRUE(was_readable);
    EXPECT_TRUE(was_up);
}

TYPED_TEST_P(EventLoopContract, DestroysTheCallsThatItNeverMade) {
    const auto captured = std::make_shared<int>();
    this->loop->post([captured, watch = std::shared_ptr{std::move(this->watch)},
                      timer = std::shared_ptr{std::move(this->timer)}] {});
    this->other_timer.reset();
    this->loop.reset();
    EXPECT_EQ(captured.use_count(), 1);
}

TYPED_TEST_P(EventLoopContract, TellsWhatTheSystemRefusedToACallbackAndGoesOn) {
    std::vector<int> refusals;
    this->loop->on_failure([&](const Error& error) { refusals.push_back(error.errno_value); });
    this->timer->start(std::chrono::milliseconds{0}, [] { throw std::bad_alloc{}; });
    this->watch->await_readable([] { throw std::system_error{EMFILE, std::generic_category()}; });
    this->loop->post([] { throw std::system_error{ENOSPC, std::generic_category()}; });
    this->rig.make_readable(this->descriptor);
    this->start();
    this->let_pass(std::chrono::milliseconds{1});
    this->settle();
    this->stop();
    std::sort(refusals.begin(), refusals.end());
    EXPECT_EQ(refusals, (std::vector{ENOMEM, EMFILE, ENOSPC}));
}

// Watches.

TYPED_TEST_P(EventLoopContract, CallsBackWhenADescriptorBecomesReadable) {
    this->watch->await_readable(this->note("readable"));
    this->start();
    this->settle();
    this->in_loop([this] { EXPECT_TRUE(this->calls.empty()); });
    this->rig.make_readable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"readable"});
}

TYPED_TEST_P(EventLoopContract, CallsBackWhenADescriptorBecomesWritable) {
    this->watch->await_writable(this->note("writable"));
    this->start();
    this->settle();
    this->in_loop([this] { EXPECT_TRUE(this->calls.empty()); });
    this->rig.make_writable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"writable"});
}

TYPED_TEST_P(EventLoopContract, CallsBackForWhatIsReadyAlready) {
    this->rig.make_readable(this->descriptor);
    this->start();
    this->settle();
    this->in_loop([this] { this->watch->await_readable(this->note("readable")); });
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"readable"});
}

TYPED_TEST_P(EventLoopContract, CallsBackOnceForEachTimeThatItIsAsked) {
    this->rig.make_readable(this->descriptor);
    this->watch->await_readable(this->note("one"));
    this->start();
    this->settle();
    this->settle();
    this->in_loop([this] { this->watch->await_readable(this->note("two")); });
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"one", "two"}));
}

TYPED_TEST_P(EventLoopContract, CallsBackAgainForWhatTheCallbackAwaits) {
    this->rig.make_readable(this->descriptor);
    this->watch->await_readable([this] {
        this->calls.emplace_back("one");
        this->watch->await_readable(this->note("two"));
    });
    this->start();
    this->settle();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"one", "two"}));
}

TYPED_TEST_P(EventLoopContract, AwaitsBothDirectionsApart) {
    this->watch->await_readable(this->note("readable"));
    this->watch->await_writable(this->note("writable"));
    this->rig.make_writable(this->descriptor);
    this->start();
    this->settle();
    this->in_loop(this->note("and then"));
    this->rig.make_readable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"writable", "and then", "readable"}));
}

TYPED_TEST_P(EventLoopContract, ACallbackMayAwaitTheOtherDirection) {
    this->rig.make_readable(this->descriptor);
    this->rig.make_writable(this->descriptor);
    this->watch->await_writable([this] { this->watch->await_readable(this->note("readable")); });
    this->start();
    this->settle();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"readable"});
}

TYPED_TEST_P(EventLoopContract, ACallbackMayCancelTheOtherDirection) {
    this->rig.make_readable(this->descriptor);
    this->rig.make_writable(this->descriptor);
    const auto cancel = [this] {
        this->calls.emplace_back("one");
        this->watch->cancel();
    };
    this->watch->await_readable(cancel);
    this->watch->await_writable(cancel);
    this->start();
    this->settle();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"one"});
}

TYPED_TEST_P(EventLoopContract, AHangUpCallsBackInBothDirections) {
    this->watch->await_readable(this->note("called"));
    this->watch->await_writable(this->note("called"));
    this->start();
    this->rig.hang_up(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"called", "called"}));
}

TYPED_TEST_P(EventLoopContract, ALaterCallbackReplacesTheOneBefore) {
    this->watch->await_readable(this->note("before"));
    this->watch->await_readable(this->note("later"));
    this->rig.make_readable(this->descriptor);
    this->start();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"later"});
}

TYPED_TEST_P(EventLoopContract, CallsBackNothingThatWasCancelledUntilItIsAwaitedAnew) {
    this->watch->await_readable(this->note("cancelled"));
    this->start();
    this->in_loop([this] { this->watch->cancel(); });
    this->rig.make_readable(this->descriptor);
    this->settle();
    this->in_loop([this] { this->watch->await_readable(this->note("again")); });
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"again"});
}

TYPED_TEST_P(EventLoopContract, AWatchMayBeDestroyedInItsOwnCallback) {
    auto captured = std::make_shared<int>(42);
    this->watch->await_writable([captured] {});
    this->watch->await_readable([this, captured] {
        this->watch.reset();
        this->calls.push_back(std::to_string(*captured));
    });
    this->rig.make_readable(this->descriptor);
    this->start();
    this->settle();
    this->rig.make_writable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"42"});
    EXPECT_EQ(captured.use_count(), 1);
}

TYPED_TEST_P(EventLoopContract, ACallbackMayBeTheLastOwnerOfItsWatch) {
    const auto captured = std::make_shared<int>();
    os::Watch& owned = *this->watch;
    owned.await_writable([captured] {});
    owned.await_readable(
        [this, captured, last = std::shared_ptr{std::move(this->watch)}] { this->calls.emplace_back("one"); });
    this->rig.make_readable(this->descriptor);
    this->start();
    this->settle();
    this->rig.make_writable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"one"});
    EXPECT_EQ(captured.use_count(), 1);
}

TYPED_TEST_P(EventLoopContract, AWatchThatAnotherCallbackDestroyedIsSilent) {
    const int other = this->rig.open();
    std::unique_ptr<os::Watch> other_watch = this->loop->watch(other);
    this->watch->await_readable([&] {
        this->calls.emplace_back("one");
        other_watch.reset();
    });
    other_watch->await_readable([&] {
        this->calls.emplace_back("one");
        this->watch.reset();
    });
    this->rig.make_readable(this->descriptor);
    this->rig.make_readable(other);
    this->start();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"one"});
}

TYPED_TEST_P(EventLoopContract, ADescriptorMayBeWatchedAnew) {
    this->start();
    this->in_loop([this] {
        this->watch->await_readable(this->note("earlier"));
        this->watch.reset();
        this->watch = this->loop->watch(this->descriptor);
        this->watch->await_readable(this->note("again"));
    });
    this->rig.make_readable(this->descriptor);
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"again"});
}

TYPED_TEST_P(EventLoopContract, ABriefWatchCallsBackOnceForEachAwait) {
    this->watch.reset();
    this->watch = this->loop->watch_briefly(this->descriptor);
    this->watch->await_readable([this] {
        this->calls.emplace_back("first");
        this->watch->await_readable(this->note("second"));
    });
    this->rig.make_readable(this->descriptor);
    this->start();
    this->settle();
    this->settle();  // the second event is for a later turn
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"first", "second"}));
}

TYPED_TEST_P(EventLoopContract, RefusesToWatchWhatIsNoDescriptorOrIsWatched) {
    EXPECT_THROW((void)this->loop->watch(-1), std::system_error);
    EXPECT_THROW((void)this->loop->watch(this->descriptor), std::system_error);
    this->watch.reset();
    EXPECT_NO_THROW((void)this->loop->watch(this->descriptor));
}

TYPED_TEST_P(EventLoopContract, CallsBackForManyDescriptorsAtOnce) {
    constexpr std::size_t many = 300;
    std::vector<std::unique_ptr<os::Watch>> watches(many);
    for (std::unique_ptr<os::Watch>& each : watches) {
        const int one = this->rig.open();
        each = this->loop->watch(one);
        each->await_readable([this, &each] {
            each.reset();
            this->calls.emplace_back("called");
        });
        this->rig.make_readable(one);
    }
    this->start();
    this->settle();
    this->stop();
    EXPECT_EQ(this->calls.size(), many);
}

// Timers.

TYPED_TEST_P(EventLoopContract, TimersCallBackInTheOrderOfTheirTimesAndThenOfTheirStarts) {
    std::unique_ptr<os::Timer> latest = this->loop->timer();
    latest->start(std::chrono::milliseconds{3}, this->note("latest"));
    this->timer->start(std::chrono::milliseconds{2}, this->note("one"));
    this->other_timer->start(std::chrono::milliseconds{2}, this->note("two"));
    this->start();
    this->let_pass(std::chrono::milliseconds{10});
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"one", "two", "latest"}));
}

TYPED_TEST_P(EventLoopContract, ATimerCallsBackOnceAndNoSoonerThanAsked) {
    const auto begin = this->rig.now();
    this->timer->start(std::chrono::milliseconds{5}, [&] {
        EXPECT_GE(this->rig.now() - begin, std::chrono::milliseconds{5});
        this->calls.emplace_back("up");
    });
    this->start();
    this->let_pass(std::chrono::milliseconds{20});
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"up"});
}

TYPED_TEST_P(EventLoopContract, TheLatestStartOfATimerCounts) {
    this->timer->start(std::chrono::milliseconds{1}, this->note("too soon"));
    const auto begin = this->rig.now();
    this->timer->start(std::chrono::milliseconds{5}, [&] {
        EXPECT_GE(this->rig.now() - begin, std::chrono::milliseconds{5});
        this->calls.emplace_back("put off");
    });
    this->other_timer->start(std::chrono::hours{24}, this->note("a day later"));
    this->other_timer->start(std::chrono::milliseconds{7}, this->note("brought forward"));
    this->start();
    this->let_pass(std::chrono::milliseconds{20});
    this->stop();
    EXPECT_EQ(this->calls, (CallsMade{"put off", "brought forward"}));
}

TYPED_TEST_P(EventLoopContract, ATimerThatWasStoppedOrDestroyedIsSilentAndOneMayBeStartedAgain) {
    this->timer->start(std::chrono::milliseconds{1}, this->note("stopped"));
    this->timer->stop();
    this->other_timer->start(std::chrono::milliseconds{1}, this->note("destroyed"));
    this->other_timer.reset();
    this->start();
    this->let_pass(std::chrono::milliseconds{5});
    this->in_loop([this] { this->timer->start(std::chrono::milliseconds{1}, this->note("again")); });
    this->let_pass(std::chrono::milliseconds{5});
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"again"});
}

TYPED_TEST_P(EventLoopContract, ATimerMayBeStartedAgainAndDestroyedInItsOwnCallback) {
    this->timer->start(std::chrono::milliseconds{1}, [this, kept = std::string(100, 'x')] {
        this->timer->start(std::chrono::milliseconds{1}, [this, kept] {
            this->timer.reset();
            this->calls.push_back(kept);
        });
    });
    this->start();
    this->let_pass(std::chrono::milliseconds{10});
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{std::string(100, 'x')});
}

TYPED_TEST_P(EventLoopContract, ATimerTakesAnyTime) {
    this->timer->start(std::chrono::milliseconds::max(), this->note("at the end of times"));
    this->other_timer->start(std::chrono::milliseconds::min(), this->note("at once"));
    this->start();
    this->let_pass(std::chrono::milliseconds{1});
    this->stop();
    EXPECT_EQ(this->calls, CallsMade{"at once"});
}

TYPED_TEST_P(EventLoopContract, ATimerThatWasNotUpMayOwnAWatchAndATimer) {
    const auto captured = std::make_shared<int>();
    this->timer->start(std::chrono::hours{24}, [captured, watch = std::shared_ptr{std::move(this->watch)},
                                                timer = std::shared_ptr{std::move(this->other_timer)}] {});
    this->timer.reset();
    EXPECT_EQ(captured.use_count(), 1);
}

REGISTER_TYPED_TEST_SUITE_P(
    EventLoopContract, MakesPostedCallsInOrderAndWhatACallPostsBehindThem, AStopMakesTheCallsThatWerePostedBefore,
    MayBeStoppedTwiceAndWithoutAStart, StartsAgainAfterAStop, RefusesToStartWhileItRuns,
    OnDemandItPreparesTheThreadAndMakesPostedCalls, OnDemandItServesWhatWasAwaitedBefore,
    OnDemandAStopMakesTheCallsThatWerePostedBefore, KnowsItsThread, OnDemandATimerThatACallStartsKeepsTheThread,
    CallsThatPostThemselvesKeepNoWatchAndNoTimerWaiting, DestroysTheCallsThatItNeverMade,
    TellsWhatTheSystemRefusedToACallbackAndGoesOn, CallsBackWhenADescriptorBecomesReadable,
    CallsBackWhenADescriptorBecomesWritable, CallsBackForWhatIsReadyAlready, CallsBackOnceForEachTimeThatItIsAsked,
    CallsBackAgainForWhatTheCallbackAwaits, AwaitsBothDirectionsApart, ACallbackMayAwaitTheOtherDirection,
    ACallbackMayCancelTheOtherDirection, AHangUpCallsBackInBothDirections, ALaterCallbackReplacesTheOneBefore,
    CallsBackNothingThatWasCancelledUntilItIsAwaitedAnew, AWatchMayBeDestroyedInItsOwnCallback,
    ACallbackMayBeTheLastOwnerOfItsWatch, AWatchThatAnotherCallbackDestroyedIsSilent, ADescriptorMayBeWatchedAnew,
    ABriefWatchCallsBackOnceForEachAwait, RefusesToWatchWhatIsNoDescriptorOrIsWatched,
    CallsBackForManyDescriptorsAtOnce, TimersCallBackInTheOrderOfTheirTimesAndThenOfTheirStarts,
    ATimerCallsBackOnceAndNoSoonerThanAsked, TheLatestStartOfATimerCounts,
    ATimerThatWasStoppedOrDestroyedIsSilentAndOneMayBeStartedAgain, ATimerMayBeStartedAgainAndDestroyedInItsOwnCallback,
    ATimerTakesAnyTime, ATimerThatWasNotUpMayOwnAWatchAndATimer);

}  // namespace servicekit::contract_tests
