#include "servicekit/os/children.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "integration/os/forked_child.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::ForkedChild;
using test::Lines;

/// Starts a child of the calling thread that exits at once. Waits until it has exited, and does not reap it.
pid_t child_that_ended(int status) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(status);
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    return child;
}

/// The process that adopts orphans.
pid_t orphanage = 0;

/// Leaves an orphan, which exits with 7.
void leave_orphan() {
    const pid_t parent = ::fork();
    if (parent == 0) {
        if (::fork() == 0) {
            while (::getppid() != orphanage) std::this_thread::yield();
            ::_exit(7);
        }
        ::_exit(0);
    }
    ::waitpid(parent, nullptr, 0);
}

bool holds(const std::vector<pid_t>& all, pid_t one) { return std::find(all.begin(), all.end(), one) != all.end(); }

class PosixChildrenTest : public testing::Test {
protected:
    Children& children_ = posix_children();
};

TEST_F(PosixChildrenTest, OnlyTheFirstProcessGetsOrphans) { EXPECT_FALSE(children_.adopts_orphans()); }

TEST_F(PosixChildrenTest, HasNoChildrenAtFirst) {
    ForkedChild process{[&](Lines&) { return children_.ended().empty() ? 0 : 1; }};
    EXPECT_EQ(process.wait(), 0);
}

TEST_F(PosixChildrenTest, AnEndedChildRemainsUntilReaped) {
    ForkedChild process{[&](Lines&) {
        const pid_t first = child_that_ended(3);
        const pid_t second = child_that_ended(4);
        const auto ended = children_.ended();
        if (!holds(ended, first) || !holds(ended, second)) return 1;
        int status = 0;
        if (::waitpid(first, &status, 0) != first || WEXITSTATUS(status) != 3) return 2;
        children_.reap(first);
        children_.reap(second);
        if (!children_.ended().empty()) return 3;
        return ::waitpid(second, &status, WNOHANG) < 0 ? 0 : 4;
    }};
    EXPECT_EQ(process.wait(), 0);
}

TEST_F(PosixChildrenTest, ChildrenOfOtherThreadsAreNotSeen) {
    ForkedChild process{[&](Lines&) {
        std::atomic<bool> has_ended{false};
        std::atomic<bool> was_looked_for{false};
        int status = -1;
        std::thread other{[&] {
            const pid_t child = child_that_ended(5);
            has_ended = true;
            has_ended.notify_one();
            was_looked_for.wait(false);
            ::waitpid(child, &status, 0);
        }};
        has_ended.wait(false);
        const bool seen = !children_.ended().empty();
        was_looked_for = true;
        was_looked_for.notify_one();
        other.join();
        return !seen && WEXITSTATUS(status) == 5 ? 0 : 1;
    }};
    EXPECT_EQ(process.wait(), 0);
}

TEST_F(PosixChildrenTest, ChildrenOfAnEndedThreadGoToTheFirstThread) {
    ForkedChild process{[&](Lines&) {
        pid_t child = 0;
        std::thread{[&] { child = child_that_ended(5); }}.join();
        return children_.ended() == std::vector<pid_t>{child} ? 0 : 1;
    }};
    EXPECT_EQ(process.wait(), 0);
}

TEST_F(PosixChildrenTest, OrphansGoToTheFirstThread) {
    ForkedChild process{[&](Lines&) {
        orphanage = ::getpid();
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // acts like the first process of a namespace
        std::atomic<bool> may_end{false};
        std::atomic<bool> has_forked{false};
        std::thread other{[&] {
            leave_orphan();
            has_forked = true;
            has_forked.notify_one();
            may_end.wait(false);
        }};
        has_forked.wait(false);
        siginfo_t orphan{};
        ::waitid(P_ALL, 0, &orphan, WEXITED | WNOWAIT | __WNOTHREAD);
        const bool seen = children_.ended() == std::vector<pid_t>{orphan.si_pid} && orphan.si_status == 7;
        may_end = true;
        may_end.notify_one();
        other.join();
        return seen ? 0 : 1;
    }};
    EXPECT_EQ(process.wait(), 0);
}

TEST_F(PosixChildrenTest, ChecksWhileTheBodyRunsInItsOwnThread) {
    std::atomic<int> looks{0};
    std::thread::id body;
    std::thread::id looker;

    const auto done = children_.run_beside(
        [&] {
            body = std::this_thread::get_id();
            for (int seen = looks; seen < 3; seen = looks) looks.wait(seen);
        },
        1ms,
        [&] {
            looker = std::this_thread::get_id();
            ++looks;
            looks.notify_one();
        });

    EXPECT_TRUE(done);
    EXPECT_GE(looks, 3);
    EXPECT_EQ(looker, std::this_thread::get_id());
    EXPECT_NE(body, looker);
}

TEST_F(PosixChildrenTest, ReturnsOnceTheBodyIsOverDespiteALongPeriod) {
    EXPECT_TRUE(children_.run_beside([] {}, std::chrono::hours{1}, [] { ADD_FAILURE(); }));
}

}  // namespace
}  // namespace servicekit::os
