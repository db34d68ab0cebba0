#include "servicekit/os/event_loop.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "integration/os/event_loop_fixture.hpp"
#include "integration/os/forked_child.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

using test::dump_no_core;
using test::Happening;
using AsioEventLoopTest = test::EventLoopTest;

TEST_F(AsioEventLoopTest, RunsPostedCallsOfEachThreadInOrder) {
    constexpr int threads = 4;
    constexpr int each = 25'000;
    std::array<int, threads> next{};
    bool in_order = true;
    start();

    std::vector<std::thread> posting;
    for (std::size_t thread = 0; thread < threads; ++thread)
        posting.emplace_back([&, thread] {
            for (int number = 0; number < each; ++number)
                loop->post([&, thread, number] { in_order = in_order && next[thread]++ == number; });
        });
    for (std::thread& thread : posting) thread.join();

    loop->stop();
    EXPECT_TRUE(in_order);
    EXPECT_EQ(next, (std::array{each, each, each, each}));
}

TEST_F(AsioEventLoopTest, RunsWhatACallPostsAfterThatCall) {
    Happening both;
    std::vector<int> order;
    start();

    loop->post([&] {
        loop->post([&] {
            order.push_back(2);
            both.happens();
        });
        order.push_back(1);
    });

    EXPECT_TRUE(both.has_happened());
    loop->stop();
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_F(AsioEventLoopTest, EndlessPostingDoesNotStarveDescriptors) {
    Happening readable;
    bool is_over = false;
    std::function<void()> post_again = [&] {
        if (!is_over) loop->post(post_again);
    };
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] {
        is_over = true;
        readable.happens();
    });
    loop->post(post_again);
    start();

    pair.write_there();

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(AsioEventLoopTest, StopRunsWhatWasPostedBefore) {
    int calls = 0;
    loop->post([&] { ++calls; });
    start();
    loop->post([&] { ++calls; });

    loop->stop();

    EXPECT_EQ(calls, 2);
}

TEST_F(AsioEventLoopTest, StopMayBeCalledTwiceAndWithoutStart) {
    loop->stop();
    start();
    loop->stop();
    loop->stop();
}

TEST_F(AsioEventLoopTest, StartsAgainAfterStop) {
    start();
    loop->stop();

    start();

    bool was_called = false;
    in_loop([&] { was_called = true; });
    loop->stop();
    EXPECT_TRUE(was_called);
}

TEST_F(AsioEventLoopTest, RefusesToStartTwice) {
    start();

    const Result<void> again = loop->start();

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, "it runs already");
}

TEST_F(AsioEventLoopTest, DestroysCallsThatItNeverRan) {
    const auto captured = std::make_shared<int>();
    loop->post([captured] {});

    loop.reset();

    EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(AsioEventLoopTest, CallThatItNeverRanMayOwnAWatchAndATimer) {
    std::shared_ptr<Watch> owned_watch = loop->watch(pair.here.get());
    std::shared_ptr<Timer> owned_timer = loop->timer();
    owned_watch->await_readable([] {});
    owned_timer->start(1ms, [] {});
    loop->post([watch = std::exchange(owned_watch, nullptr), timer = std::exchange(owned_timer, nullptr)] {});

    loop.reset();

    pair.write_there();
    EXPECT_EQ(pair.read_here(), 'x');
}

TEST_F(AsioEventLoopTest, TimerThatNeverFiredMayOwnAWatchAndATimer) {
    timer = loop->timer();
    std::shared_ptr<Watch> owned_watch = loop->watch(pair.here.get());
    std::shared_ptr<Timer> owned_timer = loop->timer();
    timer->start(24h, [owned_watch, owned_timer] {});

    owned_watch.reset();
    owned_timer.reset();
    timer.reset();
    loop.reset();

    pair.write_there();
    EXPECT_EQ(pair.read_here(), 'x');
}

TEST_F(AsioEventLoopTest, BlocksSignalsInItsThreadAndNotInOurs) {
    sigset_t ours_before;
    pthread_sigmask(SIG_SETMASK, nullptr, &ours_before);
    start();
    sigset_t ours_after;
    pthread_sigmask(SIG_SETMASK, nullptr, &ours_after);
    sigset_t theirs;
    std::array<char, 16> name{};
    in_loop([&] {
        pthread_sigmask(SIG_SETMASK, nullptr, &theirs);
        pthread_getname_np(pthread_self(), name.data(), name.size());
    });

    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGPIPE, SIGABRT}) {
        EXPECT_EQ(sigismember(&theirs, number), 1) << number;
        EXPECT_EQ(sigismember(&ours_after, number), sigismember(&ours_before, number)) << number;
    }
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
        EXPECT_EQ(sigismember(&theirs, fault), 0) << fault;
    EXPECT_STREQ(name.data(), "loop");
    loop->stop();
}

/// What comes of making a loop where only so many more descriptors may be opened.
std::string make_loop_with(int descriptors) {
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    const auto limit = static_cast<rlim_t>(next + descriptors);
    const rlimit few{.rlim_cur = limit, .rlim_max = limit};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) return "no limit";
    try {
        return make_asio_event_loop("loop") ? "made" : "none";
    } catch (const std::system_error& error) {
        return error.code().value() == EMFILE ? "too few" : error.what();
    }
}

TEST_F(AsioEventLoopTest, IsRefusedWithAnErrorOfTheSystemWhereDescriptorsAreTooFew) {
    constexpr int more_than_enough = 20;
    int descriptors = 0;
    std::string outcome = "too few";
    for (; outcome == "too few" && descriptors < more_than_enough; ++descriptors)
        outcome = test::in_another_process([descriptors] { return make_loop_with(descriptors); });
    EXPECT_EQ(outcome, "made") << "with " << descriptors - 1;
    EXPECT_GT(descriptors, 2);
}

using AsioEventLoopDeathTest = AsioEventLoopTest;

TEST_F(AsioEventLoopDeathTest, EndsTheProcessWhenACallbackThrows) {
    EXPECT_EXIT(
        {
            dump_no_core();
            (void)loop->start().has_value();
            loop->post([] { throw std::runtime_error{"escaped"}; });
            loop->stop();
            _exit(0);
        },
        ::testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace servicekit::os
