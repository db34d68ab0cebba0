#include "servicekit/mocks/fake_signals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <vector>

#include "servicekit/mocks/fake_event_loop.hpp"

namespace servicekit::mocks {
namespace {

using Disposition = FakeSignals::Disposition;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::array numbers{SIGHUP, SIGTERM};

class FakeSignalsTest : public ::testing::Test {
protected:
    Result<void> note() { return signals.note(numbers, {}); }
    Result<void> take() {
        return signals.take(numbers, loop, [this](const os::ReceivedSignal& signal) { came.push_back(signal.number); });
    }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeEventLoop loop{reactor};
    FakeSignals signals;
    std::vector<int> came;
};

TEST_F(FakeSignalsTest, DeliversInTheLoop) {
    ASSERT_TRUE(take());
    EXPECT_TRUE(signals.is_taken());
    signals.raise(SIGTERM);
    EXPECT_THAT(came, IsEmpty());
    loop.run_ready();
    EXPECT_THAT(came, ElementsAre(SIGTERM));
    EXPECT_THAT(signals.default_actions(), IsEmpty());
}

TEST_F(FakeSignalsTest, ReportsTheSender) {
    Peer sender;
    ASSERT_TRUE(signals.take(numbers, loop, [&](const os::ReceivedSignal& signal) { sender = signal.sender; }));
    signals.raise(SIGHUP, {.pid = 42, .uid = 1000});
    loop.run_ready();
    EXPECT_EQ(sender.pid, 42);
    EXPECT_EQ(sender.uid, 1000U);
}

TEST_F(FakeSignalsTest, CountsASignalOnceUntilItIsDelivered) {
    ASSERT_TRUE(take());
    signals.raise(SIGTERM);
    signals.raise(SIGHUP);
    signals.raise(SIGTERM);
    loop.run_ready();
    EXPECT_THAT(came, ElementsAre(SIGHUP, SIGTERM));
    signals.raise(SIGTERM);
    loop.run_ready();
    EXPECT_THAT(came, ElementsAre(SIGHUP, SIGTERM, SIGTERM));
}

TEST_F(FakeSignalsTest, KeepsHeldSignalsUntilTakenAndUnblocked) {
    ASSERT_TRUE(note());
    ASSERT_TRUE(signals.hold());
    EXPECT_TRUE(signals.is_held(SIGHUP));
    signals.raise(SIGHUP);
    signals.raise(SIGHUP);
    ASSERT_TRUE(take());
    loop.run_ready();
    EXPECT_THAT(came, IsEmpty());
    signals.release_held();
    loop.run_ready();
    EXPECT_THAT(came, ElementsAre(SIGHUP));
    EXPECT_FALSE(signals.is_held(SIGHUP));
}

TEST_F(FakeSignalsTest, AnUntakenSignalHasItsDefaultAction) {
    ASSERT_TRUE(take());
    signals.raise(SIGINT);
    signals.set_disposition(SIGUSR1, Disposition::ignored);
    signals.raise(SIGUSR1);
    EXPECT_THAT(signals.default_actions(), ElementsAre(SIGINT));
}

TEST_F(FakeSignalsTest, AnUnblockedUntakenSignalHasItsDefaultAction) {
    ASSERT_TRUE(note());
    ASSERT_TRUE(signals.hold());
    signals.raise(SIGTERM);
    EXPECT_THAT(signals.default_actions(), IsEmpty());
    signals.release_held();
    EXPECT_THAT(signals.default_actions(), ElementsAre(SIGTERM));
}

TEST_F(FakeSignalsTest, RefusesASecondOwner) {
    ASSERT_TRUE(take());
    EXPECT_FALSE(take());
    signals.give_back();
    EXPECT_TRUE(take());
}

TEST_F(FakeSignalsTest, RestoresTheDispositions) {
    signals.set_disposition(SIGHUP, Disposition::ignored);
    signals.give_back();
    ASSERT_TRUE(take());
    EXPECT_EQ(signals.disposition(SIGHUP), Disposition::taken);
    EXPECT_EQ(signals.disposition(SIGPIPE), Disposition::does_nothing);
    signals.give_back();
    EXPECT_EQ(signals.disposition(SIGHUP), Disposition::ignored);
    EXPECT_EQ(signals.disposition(SIGTERM), Disposition::default_action);
    EXPECT_EQ(signals.disposition(SIGPIPE), Disposition::default_action);
}

TEST_F(FakeSignalsTest, KeepsAProgramsHandlerOfSigpipe) {
    signals.set_disposition(SIGPIPE, Disposition::programs_own);
    ASSERT_TRUE(take());
    EXPECT_EQ(signals.disposition(SIGPIPE), Disposition::programs_own);
}

TEST_F(FakeSignalsTest, DeliversNothingAfterARelease) {
    ASSERT_TRUE(take());
    signals.raise(SIGTERM);
    signals.give_back();
    loop.run_ready();
    EXPECT_THAT(came, IsEmpty());
}

TEST_F(FakeSignalsTest, MayBeReleasedInTheCallback) {
    ASSERT_TRUE(signals.take(numbers, loop, [this](const os::ReceivedSignal& signal) {
        came.push_back(signal.number);
        signals.give_back();
    }));
    signals.raise(SIGTERM);
    signals.raise(SIGHUP);
    loop.run_ready();
    EXPECT_THAT(came, ElementsAre(SIGHUP));
}

TEST_F(FakeSignalsTest, NotesSignalsThatTheCallerBlocks) {
    signals.block_as_caller(SIGTERM);
    ASSERT_TRUE(note());
    EXPECT_FALSE(signals.is_blocked_by_caller(SIGTERM));
    signals.raise(SIGTERM);
    ASSERT_EQ(signals.noted().size(), 1U);
    EXPECT_EQ(signals.noted().front().number, SIGTERM);
}

TEST_F(FakeSignalsTest, DeliversNotedSignalsOnceTaken) {
    ASSERT_TRUE(note());
    signals.raise(SIGTERM, {.pid = 42, .uid = 1000});
    ASSERT_TRUE(take());
    EXPECT_EQ(signals.noted().size(), 1U);
    loop.run_ready();
    EXPECT_THAT(came, ElementsAre(SIGTERM));
    EXPECT_THAT(signals.noted(), IsEmpty());
    EXPECT_THAT(signals.default_actions(), IsEmpty());
}

TEST_F(FakeSignalsTest, AnEndingSignalTakesItsDefaultActionUntilItIsNotedOrTaken) {
    constexpr std::array ending{SIGINT};
    ASSERT_TRUE(signals.note(numbers, ending));
    signals.raise(SIGINT);
    EXPECT_THAT(signals.default_actions(), ElementsAre(SIGINT));
    ASSERT_TRUE(signals.note(ending, {}));
    signals.raise(SIGINT);
    EXPECT_THAT(signals.default_actions(), ElementsAre(SIGINT));
    EXPECT_EQ(signals.noted().size(), 1U);
}

TEST_F(FakeSignalsTest, ReleasingForgetsNotedSignals) {
    ASSERT_TRUE(note());
    signals.raise(SIGTERM);
    signals.give_back();
    EXPECT_THAT(signals.noted(), IsEmpty());
    EXPECT_EQ(signals.disposition(SIGTERM), Disposition::default_action);
}

TEST_F(FakeSignalsTest, ForgettingTheCallerKeepsHeldSignals) {
    signals.block_as_caller(SIGUSR2);
    signals.set_disposition(SIGPIPE, Disposition::ignored);
    signals.set_disposition(SIGCHLD, Disposition::programs_own);
    ASSERT_TRUE(note());
    ASSERT_TRUE(signals.hold());
    signals.forget_caller();
    EXPECT_FALSE(signals.is_blocked_by_caller(SIGUSR2));
    EXPECT_TRUE(signals.is_held(SIGTERM));
    EXPECT_EQ(signals.disposition(SIGPIPE), Disposition::default_action);
    EXPECT_EQ(signals.disposition(SIGCHLD), Disposition::programs_own);
}

}  // namespace
}  // namespace servicekit::mocks
