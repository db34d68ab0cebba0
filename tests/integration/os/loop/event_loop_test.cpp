#include "servicekit/os/event_loop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

using test::dump_no_core;

/// EventLoopContract tests what holds for every loop.
class PosixEventLoopTest : public ::testing::Test {
protected:
    void start() { ASSERT_TRUE(loop->start()); }
    /// Runs a function on the loop's thread, and waits until it has returned.
    void in_loop(const std::function<void()>& call) {
        std::promise<void> done;
        loop->post([&] {
            call();
            done.set_value();
        });
        ASSERT_EQ(done.get_future().wait_for(30s), std::future_status::ready);
    }

    std::unique_ptr<EventLoop> loop = make_posix_event_loop("loop");
};

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

TEST_F(PosixEventLoopTest, RefusesToWatchARegularFile) {
    const Descriptor file{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};

    EXPECT_THROW((void)loop->watch(file.get()), std::system_error);
}

TEST_F(PosixEventLoopTest, BlocksSignalsInItsOwnThreadOnly) {
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

/// Returns true if a thread of this process has the name.
bool has_thread(const std::string& name) {
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::ifstream comm{task.path() / "comm"};
        std::string found;
        if (std::getline(comm, found) && found == name) return true;
    }
    return false;
}

void await_end_of_thread(const std::string& name) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (has_thread(name) && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(has_thread(name));
}

class OnDemandLoopTest : public PosixEventLoopTest {
protected:
    void SetUp() override {
        ASSERT_TRUE(loop->start_on_demand(*starter, [this] { ++threads; }));
        ASSERT_TRUE(starter->start());
    }
    void TearDown() override {
        loop->stop();
        starter->stop();
        loop.reset();
    }

    std::atomic<int> threads{0};
    std::unique_ptr<EventLoop> starter = make_posix_event_loop("starter");
};

TEST_F(OnDemandLoopTest, HasAThreadOnlyWhileThereIsWork) {
    EXPECT_FALSE(has_thread("loop"));
    for (int round = 1; round <= 3; ++round) {
        in_loop([] {});
        EXPECT_EQ(threads, round);
        await_end_of_thread("loop");
    }
    in_loop([] {});
    loop->stop();
    EXPECT_FALSE(has_thread("loop"));
    EXPECT_EQ(threads, 4);
}

TEST_F(OnDemandLoopTest, NoCallIsLostAtTheEndOfAThread) {
    // The thread ends about a second after its last work: some of these calls meet that moment.
    for (int round = 0; round < 8; ++round) {
        in_loop([] {});
        std::this_thread::sleep_for(997ms + std::chrono::milliseconds{round});
    }
    in_loop([] {});
    EXPECT_GE(threads, 1);
}

TEST_F(OnDemandLoopTest, ThreadsInheritFromTheStarter) {
    pthread_t of_starter{};
    std::promise<void> known;
    starter->post([&] {
        of_starter = pthread_self();
        known.set_value();
    });
    known.get_future().wait();
    cpu_set_t all;
    CPU_ZERO(&all);
    ASSERT_EQ(pthread_getaffinity_np(of_starter, sizeof all, &all), 0);
    cpu_set_t mine;
    ASSERT_EQ(pthread_getaffinity_np(pthread_self(), sizeof mine, &mine), 0);
    // The caller may use one processor only.
    std::size_t first = 0;
    while (!CPU_ISSET(first, &mine)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(pthread_setaffinity_np(pthread_self(), sizeof one, &one), 0);
    cpu_set_t of_thread;
    CPU_ZERO(&of_thread);
    in_loop([&] { pthread_getaffinity_np(pthread_self(), sizeof of_thread, &of_thread); });
    pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
    EXPECT_TRUE(CPU_EQUAL(&of_thread, &all));
}

/// Returns the outcome of making a loop when only that number of further descriptors can be opened.
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

TEST_F(PosixEventLoopTest, TooFewDescriptorsAreAnError) {
    constexpr int more_than_enough = 20;
    int descriptors = 0;
    std::string outcome = "too few";
    for (; outcome == "too few" && descriptors < more_than_enough; ++descriptors)
        outcome = test::in_another_process([descriptors] { return make_loop_with(descriptors); });
    EXPECT_EQ(outcome, "made") << "with " << descriptors - 1;
    EXPECT_GT(descriptors, 2);
}

TEST_F(PosixEventLoopTest, IsWokenEvenIfEpollCtlFails) {
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
