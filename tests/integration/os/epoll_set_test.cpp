#include "os/epoll_set.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "integration/os/event_loop_fixture.hpp"

namespace servicekit::os {
namespace {

using test::SocketPair;

/// Without a loop around it, so that each step can be looked at.
class EpollSetTest : public ::testing::Test {
protected:
    [[nodiscard]] bool is_ready() const {
        pollfd asked{.fd = set.descriptor(), .events = POLLIN, .revents = 0};
        return poll(&asked, 1, 0) == 1;
    }

    SocketPair pair;
    EpollSet set;
    std::unique_ptr<Watch> watch = set.watch(pair.here.get());
    int calls = 0;
};

TEST_F(EpollSetTest, IsReadyWhileSomethingAwaitedIs) {
    watch->await_readable([&] { ++calls; });
    EXPECT_FALSE(is_ready());

    pair.write_there();

    EXPECT_TRUE(is_ready());
    set.call_back();
    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, CallsBackWhatIsNotReadyNever) {
    watch->await_readable([&] { ++calls; });

    set.call_back();

    EXPECT_EQ(calls, 0);
}

TEST_F(EpollSetTest, FallsQuietWhenWhatIsReadableIsNotAwaited) {
    pair.write_there();

    set.call_back();

    EXPECT_FALSE(is_ready());
    watch->await_readable([&] { ++calls; });
    EXPECT_TRUE(is_ready());
}

TEST_F(EpollSetTest, FallsQuietAfterAHangUpThatIsNotAwaited) {
    pair.there.reset();

    set.call_back();
    set.call_back();

    EXPECT_FALSE(is_ready());
    watch->await_readable([&] { ++calls; });
    set.call_back();
    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, FallsQuietOnceAWritableDescriptorIsAwaitedNoMore) {
    watch->await_writable([&] { ++calls; });
    set.call_back();
    EXPECT_EQ(calls, 1);

    set.call_back();

    EXPECT_FALSE(is_ready());
    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, GoesOnAwaitingReadabilityWhenWritabilityIsNotAwaitedAnyMore) {
    watch->await_readable([&] { ++calls; });
    watch->await_writable([] {});
    set.call_back();
    set.call_back();
    EXPECT_FALSE(is_ready());

    pair.write_there();
    set.call_back();

    EXPECT_EQ(calls, 1);
}

TEST_F(EpollSetTest, HangUpCallsBackInBothDirections) {
    pair.fill_here();
    watch->await_readable([&] { ++calls; });
    watch->await_writable([&] { ++calls; });

    pair.there.reset();
    set.call_back();

    EXPECT_EQ(calls, 2);
}

TEST_F(EpollSetTest, CallsBackForMoreThanOneBatchHolds) {
    constexpr int many = 300;
    std::vector<SocketPair> pairs(many);
    std::vector<std::unique_ptr<Watch>> watches;
    for (const SocketPair& each : pairs) {
        watches.push_back(set.watch(each.here.get()));
        watches.back()->await_readable([&] {
            char byte = 0;
            EXPECT_EQ(read(each.here.get(), &byte, 1), 1);
            ++calls;
        });
        each.write_there();
    }

    while (is_ready()) set.call_back();

    EXPECT_EQ(calls, many);
}

}  // namespace
}  // namespace servicekit::os
