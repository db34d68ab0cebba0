#include "os/loop/epoll_set.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"
#include "integration/os/loop/socket_pair.hpp"

namespace servicekit::os {
namespace {

using test::SocketPair;

/// Tests the calls to the kernel without a loop, so that each step can be checked. EventLoopContract tests the rest.
class EpollSetTest : public ::testing::Test {
protected:
    [[nodiscard]] bool is_ready() { return set.wait(0); }
    void turn() {
        set.wait(0);
        set.call_back(loop_calls);
    }

    SocketPair pair;
    LoopCalls loop_calls;
    EpollSet set;
    std::unique_ptr<Watch> watch = set.watch(pair.here.get());
    int calls = 0;
};

TEST_F(EpollSetTest, IsReadyWhileAnAwaitedDescriptorIsReady) {
    watch->await_readable([&] { ++calls; });
    EXPECT_FALSE(is_ready());

    pair.write_there();

    EXPECT_TRUE(is_ready());
    turn();
    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, IsQuietIfAReadableDescriptorIsNotAwaited) {
    pair.write_there();

    turn();

    EXPECT_FALSE(is_ready());
    watch->await_readable([&] { ++calls; });
    EXPECT_TRUE(is_ready());
}

TEST_F(EpollSetTest, IsQuietAfterAHangUpThatIsNotAwaited) {
    pair.there.reset();

    turn();
    turn();

    EXPECT_FALSE(is_ready());
    watch->await_readable([&] { ++calls; });
    turn();
    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, IsQuietOnceAWritableDescriptorIsNoLongerAwaited) {
    watch->await_writable([&] { ++calls; });
    turn();
    EXPECT_EQ(calls, 1);

    turn();

    EXPECT_FALSE(is_ready());
    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, StillAwaitsReadabilityWithoutWritability) {
    watch->await_readable([&] { ++calls; });
    watch->await_writable([] {});
    turn();
    turn();
    EXPECT_FALSE(is_ready());

    pair.write_there();
    turn();

    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, AWatchMayBeRemovedBetweenTheWaitAndTheCalls) {
    watch->await_readable([&] { ++calls; });
    pair.write_there();
    set.wait(0);

    watch.reset();
    set.call_back(loop_calls);

    EXPECT_EQ(calls, 0);
}

/// A descriptor with a brief watch.
class BriefWatchTest : public EpollSetTest {
protected:
    SocketPair client;
    std::unique_ptr<Watch> brief = set.watch_briefly(client.here.get());
};

// A child of fork(2) may keep the connection open.
TEST_F(BriefWatchTest, ADescriptorThatIsClosedAtItsFirstEventIsQuietWhileACopyIsOpen) {
    const Descriptor copy{dup(client.here.get())};
    brief->await_readable([&] {
        brief.reset();
        client.here.reset();
    });
    client.write_there();

    turn();

    EXPECT_EQ(brief, nullptr);
    EXPECT_FALSE(is_ready());
    client.write_there();
    client.there.reset();
    EXPECT_FALSE(is_ready());
}

TEST_F(BriefWatchTest, ADescriptorThatIsClosedBeforeItsFirstEventIsQuietWhileACopyIsOpen) {
    const Descriptor copy{dup(client.here.get())};
    brief->await_readable([] {});
    brief.reset();
    client.here.reset();

    client.write_there();

    EXPECT_FALSE(is_ready());
}

TEST_F(BriefWatchTest, AwaitsFurtherEventsInBothDirections) {
    brief->await_readable([&] { ++calls; });
    client.write_there();
    turn();
    EXPECT_EQ(client.read_here(), 'x');
    EXPECT_FALSE(is_ready());

    brief->await_writable([&] { ++calls; });
    turn();
    EXPECT_EQ(calls, 2);

    for (int events = 3; events <= 4; ++events) {
        brief->await_readable([&] { ++calls; });
        turn();
        EXPECT_FALSE(is_ready());
        client.write_there();
        turn();
        EXPECT_EQ(calls, events);
        EXPECT_EQ(client.read_here(), 'x');
    }
}

TEST_F(BriefWatchTest, AwaitsWritabilityFirst) {
    brief->await_writable([&] { ++calls; });
    brief->await_readable([&] { ++calls; });
    turn();
    EXPECT_EQ(calls, 1);

    client.write_there();
    turn();

    EXPECT_EQ(calls, 2);
}

TEST_F(BriefWatchTest, IsQuietAfterAnEventThatIsNotAwaited) {
    client.there.reset();
    turn();
    EXPECT_FALSE(is_ready());

    brief->await_readable([&] { ++calls; });
    turn();

    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, IsWokenByAnUnreadDoorbell) {
    for (int rings = 0; rings < 3; ++rings) {
        EXPECT_FALSE(is_ready());
        set.wake();
        EXPECT_TRUE(is_ready());
        set.call_back(loop_calls);
    }
}

TEST_F(EpollSetTest, KeepsItsWatchesWhenTheKernelRefusesMore) {
    test::ForkedChild child{[&](test::Lines&) {
        watch->await_readable([&] { ++calls; });
        if (!test::deny_system_call(SYS_epoll_ctl, ENOSPC)) return 77;
        const SocketPair other;
        try {
            (void)set.watch(other.here.get());
            return 1;
        } catch (const std::system_error& error) {
            if (error.code().value() != ENOSPC) return 2;
        }
        pair.write_there();
        turn();
        // The kernel still watches the descriptor, which nobody waits for, because the watch can't be removed.
        turn();
        if (calls != 1) return 3;
        watch->await_readable([&] { ++calls; });
        turn();
        return calls == 2 ? 0 : 4;
    }};

    const int outcome = child.wait();
    if (outcome == 77) GTEST_SKIP() << "no system call can be denied here";
    EXPECT_EQ(outcome, 0);
}

TEST_F(EpollSetTest, ReceivingAndAwaitingAgainNeedsNoSystemCall) {
    test::ForkedChild child{[&](test::Lines&) {
        if (!test::deny_system_call(SYS_epoll_ctl, EPERM)) return 77;
        constexpr int requests = 3;
        for (int number = 1; number <= requests; ++number) {
            watch->await_readable([&] { calls += pair.read_here() == 'x' ? 1 : 0; });
            turn();
            pair.write_there();
            turn();
            if (calls != number || is_ready()) return number;
        }
        return 0;
    }};

    const int outcome = child.wait();
    if (outcome == 77) GTEST_SKIP() << "no system call can be denied here";
    EXPECT_EQ(outcome, 0) << "the number of the request that was not told, or told twice";
}

}  // namespace
}  // namespace servicekit::os
