#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <system_error>

#include "integration/os/event_loop_fixture.hpp"

namespace servicekit::os {
namespace {

using test::Happening;
using test::SocketPair;
using LoopWatchTest = test::EventLoopTest;

TEST_F(LoopWatchTest, CallsBackWhenADescriptorBecomesReadable) {
    Happening readable;
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] { readable.happens(); });
    start();

    pair.write_there();

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, CallsBackForWhatIsReadableAlready) {
    Happening readable;
    pair.write_there();
    start();

    in_loop([&] {
        watch = loop->watch(pair.here.get());
        watch->await_readable([&] { readable.happens(); });
    });

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, CallsBackOnceForEachTimeThatItIsAsked) {
    int calls = 0;
    pair.write_there();
    start();
    in_loop([&] {
        watch = loop->watch(pair.here.get());
        watch->await_readable([&] { ++calls; });
    });
    let_the_loop_turn();
    pair.write_there();
    let_the_loop_turn();
    in_loop([&] { EXPECT_EQ(calls, 1); });

    in_loop([&] { watch->await_readable([&] { ++calls; }); });
    let_the_loop_turn();

    loop->stop();
    EXPECT_EQ(calls, 2);
}

TEST_F(LoopWatchTest, CallsBackWhenThePeerHangsUp) {
    Happening readable;
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] { readable.happens(); });
    start();

    pair.there.reset();

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, CallsBackWhenADescriptorBecomesWritable) {
    Happening writable;
    std::atomic<bool> is_drained = false;
    pair.fill_here();
    watch = loop->watch(pair.here.get());
    watch->await_writable([&] {
        EXPECT_TRUE(is_drained);
        writable.happens();
    });
    start();
    let_the_loop_turn();

    is_drained = true;
    pair.drain_there();

    EXPECT_TRUE(writable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, WaitsInBothDirectionsAtOnce) {
    Happening writable;
    Happening readable;
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] { readable.happens(); });
    watch->await_writable([&] { writable.happens(); });
    start();
    EXPECT_TRUE(writable.has_happened());

    pair.write_there();

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, LaterCallbackReplacesTheOneBefore) {
    Happening second;
    bool first_was_called = false;
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] { first_was_called = true; });
    watch->await_readable([&] { second.happens(); });
    start();

    pair.write_there();

    EXPECT_TRUE(second.has_happened());
    loop->stop();
    EXPECT_FALSE(first_was_called);
}

TEST_F(LoopWatchTest, DoesNotCallBackOnceCancelled) {
    bool was_called = false;
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] { was_called = true; });
    start();

    in_loop([&] { watch->cancel(); });
    pair.write_there();
    let_the_loop_turn();

    loop->stop();
    EXPECT_FALSE(was_called);
}

TEST_F(LoopWatchTest, AwaitsAnewWhatWasCancelled) {
    Happening readable;
    watch = loop->watch(pair.here.get());
    watch->await_readable([] {});
    start();
    in_loop([&] { watch->cancel(); });
    pair.write_there();
    let_the_loop_turn();

    in_loop([&] { watch->await_readable([&] { readable.happens(); }); });

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, WatchMayBeDestroyedInItsOwnCallback) {
    Happening readable;
    auto captured = std::make_shared<int>(42);
    watch = loop->watch(pair.here.get());
    watch->await_writable([] { FAIL() << "the socket is full"; });
    watch->await_readable([this, &readable, captured] {
        watch.reset();
        EXPECT_EQ(*captured, 42);
        readable.happens();
    });
    pair.fill_here();
    start();

    pair.write_there();

    EXPECT_TRUE(readable.has_happened());
    pair.drain_there();
    let_the_loop_turn();
    loop->stop();
    EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(LoopWatchTest, WatchThatAnotherCallbackDestroyedIsSilent) {
    SocketPair other_pair;
    auto other_watch = loop->watch(other_pair.here.get());
    watch = loop->watch(pair.here.get());
    int calls = 0;
    watch->await_readable([&] {
        ++calls;
        other_watch.reset();
    });
    other_watch->await_readable([&] {
        ++calls;
        watch.reset();
    });
    pair.write_there();
    other_pair.write_there();

    start();
    let_the_loop_turn();

    loop->stop();
    EXPECT_EQ(calls, 1);
}

TEST_F(LoopWatchTest, LeavesTheDescriptorToItsOwner) {
    start();
    in_loop([&] {
        watch = loop->watch(pair.here.get());
        watch->await_readable([] {});
        watch.reset();
    });
    pair.write_there();
    EXPECT_EQ(pair.read_here(), 'x');

    Happening readable;
    in_loop([&] {
        watch = loop->watch(pair.here.get());
        watch->await_readable([&] { readable.happens(); });
    });
    pair.write_there();

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, RefusesToWatchWhatIsNoDescriptor) { EXPECT_THROW((void)loop->watch(-1), std::system_error); }

TEST_F(LoopWatchTest, RefusesToWatchARegularFile) {
    const Descriptor file{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};

    EXPECT_THROW((void)loop->watch(file.get()), std::system_error);
}

TEST_F(LoopWatchTest, CallbackMayAwaitTheOtherDirection) {
    Happening readable;
    pair.write_there();
    watch = loop->watch(pair.here.get());
    watch->await_writable([&] { watch->await_readable([&] { readable.happens(); }); });

    start();

    EXPECT_TRUE(readable.has_happened());
    loop->stop();
}

TEST_F(LoopWatchTest, CallbackMayCancelTheOtherDirection) {
    bool was_called = false;
    pair.write_there();
    watch = loop->watch(pair.here.get());
    watch->await_readable([&] { watch->cancel(); });
    watch->await_writable([&] { was_called = true; });

    start();
    let_the_loop_turn();

    loop->stop();
    EXPECT_FALSE(was_called);
}

}  // namespace
}  // namespace servicekit::os
