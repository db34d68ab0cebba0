#include "servicekit/os/event_loop.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/event_loop_fixture.hpp"
#include "integration/os/forked_child.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

using test::dump_no_core;
using test::Happening;
using PosixEventLoopTest = test::EventLoopTest;

TEST_F(PosixEventLoopTest, RunsPostedCallsOfEachThreadInOrder) {
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

TEST_F(PosixEventLoopTest, RunsWhatACallPostsAfterThatCall) {
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

TEST_F(PosixEventLoopTest, EndlessPostingDoesNotStarveDescriptors) {
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

TEST_F(PosixEventLoopTest, StopRunsWhatWasPostedBefore) {
    int calls = 0;
    loop->post([&] { ++calls; });
    start();
    loop->post([&] { ++calls; });

    loop->stop();

    EXPECT_EQ(calls, 2);
}

TEST_F(PosixEventLoopTest, StopMayBeCalledTwiceAndWithoutStart) {
    loop->stop();
    start();
    loop->stop();
    loop->stop();
}

TEST_F(PosixEventLoopTest, StartsAgainAfterStop) {
    start();
    loop->stop();

    start();

    bool was_called = false;
    in_loop([&] { was_called = true; });
    loop->stop();
    EXPECT_TRUE(was_called);
}

TEST_F(PosixEventLoopTest, RefusesToStartTwice) {
    start();

    const Result<void> again = loop->start();

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, "it runs already");
}

TEST_F(PosixEventLoopTest, DestroysCallsThatItNeverRan) {
    const auto captured = std::make_shared<int>();
    loop->post([captured] {});

    loop.reset();

    EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(PosixEventLoopTest, CallThatItNeverRanMayOwnAWatchAndATimer) {
    std::shared_ptr<Watch> owned_watch = loop->watch(pair.here.get());
    std::shared_ptr<Timer> owned_timer = loop->timer();
    owned_watch->await_readable([] {});
    owned_timer->start(1ms, [] {});
    loop->post([watch = std::exchange(owned_watch, nullptr), timer = std::exchange(owned_timer, nullptr)] {});

    loop.reset();

    pair.write_there();
    EXPECT_EQ(pair.read_here(), 'x');
}

TEST_F(PosixEventLoopTest, TimerThatNeverFiredMayOwnAWatchAndATimer) {
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

TEST_F(PosixEventLoopTest, BlocksSignalsInItsThreadAndNotInOurs) {
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
        return make_posix_event_loop("loop") ? "made" : "none";
    } catch (const std::system_error& error) {
        return error.code().value() == EMFILE ? "too few" : error.what();
    }
}

TEST_F(PosixEventLoopTest, IsRefusedWithAnErrorOfTheSystemWhereDescriptorsAreTooFew) {
    constexpr int more_than_enough = 20;
    int descriptors = 0;
    std::string outcome = "too few";
    for (; outcome == "too few" && descriptors < more_than_enough; ++descriptors)
        outcome = test::in_another_process([descriptors] { return make_loop_with(descriptors); });
    EXPECT_EQ(outcome, "made") << "with " << descriptors - 1;
    EXPECT_GT(descriptors, 2);
}

TEST_F(PosixEventLoopTest, GoesOnWhenACallbackIsRefusedSomething) {
    std::vector<int> failures;
    loop->on_failure([&](const Error& error) { failures.push_back(error.errno_value); });
    timer = loop->timer();
    Happening up;
    timer->start(1ms, [] { throw std::bad_alloc{}; });
    const auto later = loop->timer();
    later->start(2ms, [&] { up.happens(); });
    start();
    loop->post([] { throw std::system_error{ENOSPC, std::generic_category()}; });

    EXPECT_TRUE(up.has_happened());
    loop->stop();
    std::sort(failures.begin(), failures.end());
    EXPECT_EQ(failures, (std::vector{ENOMEM, ENOSPC}));
}

TEST_F(PosixEventLoopTest, IsWokenAlthoughEpollCtlIsRefused) {
    test::ForkedChild child{[this](test::Lines& lines) {
        if (!loop->start()) return 1;
        in_loop([] {});
        if (!test::deny_system_call_in_all_threads(SYS_epoll_ctl, ENOSPC)) return 77;
        loop->post([&] { lines.tell("woken"); });
        loop->stop();
        return 0;
    }};
    const std::string line = child.hear();
    const int outcome = child.wait();
    if (outcome == 77) GTEST_SKIP() << "no system call can be denied here";
    EXPECT_EQ(line, "woken");
    EXPECT_EQ(outcome, 0);
}

using PosixEventLoopDeathTest = PosixEventLoopTest;

TEST_F(PosixEventLoopDeathTest, EndsTheProcessWhenACallbackThrows) {
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
