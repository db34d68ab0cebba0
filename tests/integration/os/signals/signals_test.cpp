#include "servicekit/os/signals.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <thread>

#include "integration/os/forked_child.hpp"
#include "integration/os/signals/signals_fixture.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::all;
using test::Disposition;
using test::ForkedChild;
using test::Lines;
using test::Received;
using PosixSignalsTest = test::SignalsTest;

bool is_blocked(int number) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, number) == 1;
}

TEST_F(PosixSignalsTest, CallsBackInTheLoopsThreadWithTheSender) {
    std::thread::id callback_thread;
    std::thread::id loop_thread;
    loop->post([&] { loop_thread = std::this_thread::get_id(); });
    ASSERT_TRUE(signals.take(all, *loop, [&](const ReceivedSignal& signal) {
        callback_thread = std::this_thread::get_id();
        received.add(signal);
    }));
    ASSERT_TRUE(loop->start());

    send_to_ourselves(SIGTERM);

    ASSERT_TRUE(received.contains(SIGTERM));
    EXPECT_EQ(callback_thread, loop_thread);
    EXPECT_EQ(received.last().sender.pid, getpid());
    EXPECT_EQ(received.last().sender.uid, getuid());
}

TEST_F(PosixSignalsTest, ReportsTheProcessThatSentIt) {
    ForkedChild sender{[parent = getpid()](Lines& lines) {
        lines.hear();
        return kill(parent, SIGUSR1);
    }};
    take_and_start();

    sender.tell("send");

    ASSERT_TRUE(received.contains(SIGUSR1));
    EXPECT_EQ(received.last().sender.pid, sender.pid());
}

TEST_F(PosixSignalsTest, KeepsSignalsUntilTheLoopStarts) {
    ASSERT_TRUE(take());
    send_to_ourselves(SIGHUP);
    send_to_ourselves(SIGTERM);

    ASSERT_TRUE(loop->start());

    EXPECT_TRUE(received.contains(SIGHUP));
    EXPECT_TRUE(received.contains(SIGTERM));
}

TEST_F(PosixSignalsTest, LosesNoTermBehindAFloodOfHup) {
    ForkedChild flood{[parent = getpid()](Lines& lines) {
        lines.hear();
        for (int i = 0; i < 100'000; ++i) kill(parent, SIGHUP);
        return kill(parent, SIGTERM);
    }};
    take_and_start();

    flood.tell("begin");

    EXPECT_EQ(flood.wait(), 0);
    EXPECT_TRUE(received.contains(SIGTERM));
    EXPECT_TRUE(received.contains(SIGHUP));
    EXPECT_EQ(received.count(SIGTERM), 1);
}

TEST_F(PosixSignalsTest, DeliversNotedSignalsOnceTaken) {
    ASSERT_TRUE(signals.note(all, {}));
    send_to_ourselves(SIGTERM);
    ASSERT_EQ(signals.noted().size(), 1U);
    EXPECT_EQ(signals.noted().front().number, SIGTERM);
    EXPECT_EQ(signals.noted().front().sender.pid, getpid());

    take_and_start();

    EXPECT_TRUE(received.contains(SIGTERM));
    EXPECT_EQ(received.last().sender.pid, getpid());
    EXPECT_TRUE(signals.noted().empty());
}

TEST_F(PosixSignalsTest, ANotedSignalCountsOnce) {
    ASSERT_TRUE(signals.note(all, {}));
    send_to_ourselves(SIGHUP);
    send_to_ourselves(SIGHUP);

    take_and_start();
    ASSERT_TRUE(received.contains(SIGHUP));
    send_to_ourselves(SIGUSR1);
    ASSERT_TRUE(received.contains(SIGUSR1));

    EXPECT_EQ(received.count(SIGHUP), 1);
}

TEST_F(PosixSignalsTest, NotingTwiceKeepsSignalsInBetween) {
    ASSERT_TRUE(signals.note(all, {}));
    send_to_ourselves(SIGUSR1);

    ASSERT_TRUE(signals.note(all, {}));

    ASSERT_EQ(signals.noted().size(), 1U);
    EXPECT_EQ(signals.noted().front().number, SIGUSR1);
}

TEST_F(PosixSignalsTest, ReleasingForgetsNotedSignals) {
    ASSERT_TRUE(signals.note(all, {}));
    send_to_ourselves(SIGUSR1);

    signals.give_back();

    EXPECT_TRUE(signals.noted().empty());
    EXPECT_TRUE(Disposition{SIGUSR1}.is(SIG_DFL));
}

TEST_F(PosixSignalsTest, NotesSignalsOfTheProgramAndRestoresItsHandlers) {
    void (*const own)(int) = [](int) {};
    signal(SIGUSR1, own);
    ASSERT_TRUE(signals.note(all, {}));
    EXPECT_FALSE(Disposition{SIGUSR1}.is(own));

    signals.give_back();

    EXPECT_TRUE(Disposition{SIGUSR1}.is(own));
    signal(SIGUSR1, SIG_DFL);
}

TEST_F(PosixSignalsTest, HoldingRestoresTheActionsAndBlocks) {
    ASSERT_TRUE(signals.note(all, {}));

    ASSERT_TRUE(signals.hold());

    EXPECT_TRUE(Disposition{SIGTERM}.is(SIG_DFL));
    EXPECT_TRUE(is_blocked(SIGTERM));
    ASSERT_TRUE(signals.note(all, {}));
    EXPECT_FALSE(Disposition{SIGTERM}.is(SIG_DFL));
    EXPECT_FALSE(is_blocked(SIGTERM));
}

TEST_F(PosixSignalsTest, AWriteBeyondTheFileSizeLimitFailsWithoutASignal) {
    EXPECT_TRUE(Disposition{SIGXFSZ}.is(SIG_DFL));
    ASSERT_TRUE(signals.note(all, {}));
    const Descriptor file{memfd_create("full", MFD_CLOEXEC)};
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);

    errno = 0;
    const ssize_t written = write(file.get(), "x", 1);
    const int fault = errno;

    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(written, -1);
    EXPECT_EQ(fault, EFBIG);
    signals.give_back();
    EXPECT_TRUE(Disposition{SIGXFSZ}.is(SIG_DFL));
}

TEST_F(PosixSignalsTest, AHeldSignalIsDeliveredOnceTakenAndUnblocked) {
    ASSERT_TRUE(signals.note(all, {}));
    ASSERT_TRUE(signals.hold());
    send_to_ourselves(SIGTERM);
    take_and_start();
    EXPECT_EQ(received.count(SIGTERM), 0);

    signals.release_held();

    EXPECT_TRUE(received.contains(SIGTERM));
}

/// Blocks a signal during its lifetime, as the caller of a program may have done.
class BlockedByCaller {
public:
    explicit BlockedByCaller(int number) {
        sigset_t blocked;
        sigemptyset(&blocked);
        sigaddset(&blocked, number);
        pthread_sigmask(SIG_BLOCK, &blocked, &before_);
    }
    ~BlockedByCaller() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedByCaller(const BlockedByCaller&) = delete;
    BlockedByCaller& operator=(const BlockedByCaller&) = delete;

private:
    sigset_t before_{};
};

TEST_F(PosixSignalsTest, NotesSignalsThatTheCallerHadBlocked) {
    const BlockedByCaller usr1{SIGUSR1};
    const BlockedByCaller usr2{SIGUSR2};

    ASSERT_TRUE(signals.note(all, {}));

    EXPECT_FALSE(is_blocked(SIGTERM));
    EXPECT_FALSE(is_blocked(SIGUSR1));
    EXPECT_TRUE(is_blocked(SIGUSR2)) << "nobody named it";
}

// InheritedSignalsTest tests the signal state that a caller leaves through exec(2).
TEST_F(PosixSignalsTest, ForgettingTheCallerKeepsTheProgramsChoices) {
    const BlockedByCaller usr2{SIGUSR2};
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, [](int) {});
    ASSERT_TRUE(signals.note(all, {}));
    ASSERT_TRUE(signals.hold());

    signals.forget_caller();

    EXPECT_TRUE(is_blocked(SIGUSR2));
    EXPECT_TRUE(is_blocked(SIGTERM));
    EXPECT_TRUE(Disposition{SIGCHLD}.is(SIG_IGN));
    EXPECT_FALSE(Disposition{SIGPIPE}.is(SIG_DFL));
    signals.release_held();
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
}

TEST_F(PosixSignalsTest, RefusesASecondOwner) {
    ASSERT_TRUE(take());

    const auto second = make_posix_event_loop("loop");
    const Result<void> taken = signals.take(all, *second, [](const ReceivedSignal&) {});

    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().exit_code, ExitCode::os);
    EXPECT_EQ(taken.error().reason, "another service in this process has them");
}

TEST_F(PosixSignalsTest, MayBeTakenAgainAfterARelease) {
    take_and_start();
    signals.give_back();
    loop->stop();
    Received second;

    ASSERT_TRUE(signals.take(all, *loop, [&](const ReceivedSignal& signal) { second.add(signal); }));
    ASSERT_TRUE(loop->start());
    send_to_ourselves(SIGHUP);

    EXPECT_TRUE(second.contains(SIGHUP));
    EXPECT_EQ(received.count(SIGHUP), 0);
    signals.give_back();
}

TEST_F(PosixSignalsTest, MayBeTakenByTheNextLoop) {
    take_and_start();
    loop->stop();
    signals.give_back();
    loop = make_posix_event_loop("loop");

    take_and_start();
    send_to_ourselves(SIGHUP);

    EXPECT_TRUE(received.contains(SIGHUP));
}

TEST_F(PosixSignalsTest, MayBeReleasedIfNothingWasTaken) {
    signals.give_back();
    signals.give_back();
}

TEST_F(PosixSignalsTest, MayBeReleasedInTheCallback) {
    ASSERT_TRUE(signals.take(all, *loop, [&](const ReceivedSignal& signal) {
        signals.give_back();
        received.add(signal);
    }));
    send_to_ourselves(SIGHUP);
    send_to_ourselves(SIGTERM);

    ASSERT_TRUE(loop->start());

    EXPECT_TRUE(received.contains(SIGHUP));
    loop->stop();
    EXPECT_EQ(received.count(SIGTERM), 0);
    EXPECT_TRUE(Disposition{SIGTERM}.is(SIG_DFL));
}

TEST_F(PosixSignalsTest, DoesNotCallBackAfterARelease) {
    signal(SIGHUP, SIG_IGN);
    ForkedChild flood{[parent = getpid()](Lines& lines) {
        lines.tell("begun");
        for (;;) kill(parent, SIGHUP);
        return 0;
    }};
    ASSERT_EQ(flood.hear(), "begun");

    for (int round = 0; round < 200; ++round) {
        auto until_then = std::make_unique<Received>();
        ASSERT_TRUE(signals.take(all, *loop, [&](const ReceivedSignal& signal) { until_then->add(signal); }));
        ASSERT_TRUE(loop->start());
        ASSERT_TRUE(until_then->contains(SIGHUP));
        signals.give_back();
        until_then.reset();
        loop->stop();
    }

    flood.end();
    signal(SIGHUP, SIG_DFL);
}

TEST_F(PosixSignalsTest, ReleasingRestoresTheFormerActions) {
    signal(SIGHUP, SIG_IGN);
    ASSERT_TRUE(take());
    EXPECT_FALSE(Disposition{SIGHUP}.is(SIG_IGN));
    EXPECT_FALSE(Disposition{SIGPIPE}.is(SIG_DFL));

    signals.give_back();

    EXPECT_TRUE(Disposition{SIGHUP}.is(SIG_IGN));
    EXPECT_TRUE(Disposition{SIGTERM}.is(SIG_DFL));
    EXPECT_TRUE(Disposition{SIGPIPE}.is(SIG_DFL));
    signal(SIGHUP, SIG_DFL);
}

TEST_F(PosixSignalsTest, ReleasingKeepsHandlersThatTheProgramInstalled) {
    ASSERT_TRUE(take());
    signal(SIGUSR1, SIG_IGN);

    signals.give_back();

    EXPECT_TRUE(Disposition{SIGUSR1}.is(SIG_IGN));
    signal(SIGUSR1, SIG_DFL);
}

TEST_F(PosixSignalsTest, TakesASignalThatTheProcessWasStartedIgnoring) {
    signal(SIGHUP, SIG_IGN);
    take_and_start();

    send_to_ourselves(SIGHUP);

    EXPECT_TRUE(received.contains(SIGHUP));
    signals.give_back();
    signal(SIGHUP, SIG_DFL);
}

TEST_F(PosixSignalsTest, IfOneCannotBeTakenNoneIsTaken) {
    const std::array impossible{SIGHUP, SIGKILL};

    const Result<void> taken = signals.take(impossible, *loop, [](const ReceivedSignal&) {});

    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().action, "take signal 9");
    EXPECT_EQ(taken.error().errno_value, EINVAL);
    EXPECT_TRUE(Disposition{SIGHUP}.is(SIG_DFL));
    EXPECT_TRUE(take());
}

TEST_F(PosixSignalsTest, WritingToABrokenPipeIsAnErrorNotADeath) {
    ASSERT_TRUE(take());
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    close(ends[0]);

    errno = 0;
    EXPECT_EQ(write(ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
    close(ends[1]);
}

TEST_F(PosixSignalsTest, KeepsTheProgramsHandlingOfSigpipe) {
    signal(SIGPIPE, SIG_IGN);

    ASSERT_TRUE(take());

    EXPECT_TRUE(Disposition{SIGPIPE}.is(SIG_IGN));
    signals.give_back();
    signal(SIGPIPE, SIG_DFL);
}

TEST_F(PosixSignalsTest, TheHandlerKeepsErrnoAndRestartsSystemCalls) {
    ASSERT_TRUE(take());
    EXPECT_NE(Disposition{SIGHUP}.flags() & SA_RESTART, 0);

    errno = ERANGE;
    raise(SIGHUP);

    EXPECT_EQ(errno, ERANGE);
}

}  // namespace
}  // namespace servicekit::os
