#include "core/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/mock_event_loop.hpp"

namespace servicekit {
namespace {

using ::testing::NiceMock;

std::shared_ptr<QueuedEvent> run_of(std::string name, bool concurrent = false) {
    EventDeclaration event{.name = std::move(name)};
    event.concurrent = concurrent;
    return std::make_shared<QueuedEvent>(std::make_shared<EventDeclaration>(std::move(event)), Arguments{}, Peer{},
                                         std::make_unique<CallbackAnswer>([](const Object*, const Object*) {}));
}

/// Counts how often it is notified of the event that runs before its own.
class CountingAnswer final : public Answer {
public:
    explicit CountingAnswer(int& count) : count_{&count} {}
    void succeed(const Object& /*fields*/) override {}
    void fail(const Object& /*error*/) override {}
    void queued(std::uint64_t /*id*/, std::string_view /*running*/) override { ++*count_; }

private:
    int* count_;
};

class EventQueueTest : public ::testing::Test {
protected:
    NiceMock<mocks::MockParking> parking_;
    mocks::FakeClock clock_;
    EventQueue queue_{parking_, clock_};
};

TEST_F(EventQueueTest, KeepsTheOrderOfArrivalAndWakesTheEventThread) {
    EXPECT_CALL(parking_, unpark).Times(2);
    const auto first = run_of("a");
    const auto second = run_of("b");
    EXPECT_TRUE(queue_.push(first));
    EXPECT_TRUE(queue_.push(second));

    EXPECT_EQ(queue_.take(), first);
    EXPECT_EQ(queue_.take(), second);
    EXPECT_EQ(queue_.take(), nullptr);
}

TEST_F(EventQueueTest, NumbersItsEvents) {
    const auto first = run_of("a");
    const auto second = run_of("b");
    queue_.push(first);
    clock_.advance(std::chrono::seconds{2});
    queue_.push(second);
    EXPECT_EQ(first->id(), 1U);
    EXPECT_EQ(second->id(), 2U);
    EXPECT_EQ(second->asked_at() - first->asked_at(), std::chrono::seconds{2});
    EXPECT_EQ(queue_.find(2), second);
    EXPECT_EQ(queue_.find(3), nullptr);
}

TEST_F(EventQueueTest, ConcurrentEventsWaitForThePool) {
    const auto usual = run_of("a");
    const auto concurrent = run_of("b", true);
    queue_.push(concurrent);
    queue_.push(usual);
    EXPECT_EQ(queue_.concurrent(), 1U);
    EXPECT_THAT(queue_.all(), ::testing::ElementsAre(concurrent, usual));
    EXPECT_TRUE(queue_.holds_only("a"));
    EXPECT_EQ(queue_.take(), usual);
    EXPECT_EQ(queue_.take(), nullptr);
    EXPECT_TRUE(queue_.holds(*concurrent));
    EXPECT_EQ(queue_.find(1), concurrent);
    EXPECT_EQ(queue_.take_concurrent(), concurrent);
    EXPECT_EQ(queue_.concurrent(), 0U);
}

TEST_F(EventQueueTest, BothKindsCountTowardsTheLimitAndKeepTheirOrder) {
    std::vector<std::shared_ptr<QueuedEvent>> pushed;
    for (std::size_t i = 0; i < EventQueue::limit; ++i) {
        pushed.push_back(run_of("a", i % 3 == 0));
        ASSERT_TRUE(queue_.push(pushed.back()));
    }
    EXPECT_FALSE(queue_.push(run_of("a", true)));
    EXPECT_EQ(queue_.close(), pushed);
}

TEST_F(EventQueueTest, HoldsNoMoreThanItsLimit) {
    for (std::size_t i = 0; i < EventQueue::limit; ++i) ASSERT_TRUE(queue_.push(run_of("a")));

    EXPECT_FALSE(queue_.push(run_of("a")));
}

TEST_F(EventQueueTest, NotifiesOnlyTheFirstEventsOfALongQueue) {
    int told = 0;
    for (std::size_t i = 0; i < EventQueue::limit; ++i) {
        auto run = std::make_shared<QueuedEvent>(std::make_shared<EventDeclaration>(), Arguments{}, Peer{},
                                                 std::make_unique<CountingAnswer>(told));
        if (i % 2 == 0) run->want_turns();
        queue_.push(std::move(run));
    }

    queue_.tell_waiting([] { return "slow"; });

    EXPECT_EQ(told, 32);
}

TEST_F(EventQueueTest, ClosingReturnsTheEventsAndRefusesNewOnes) {
    queue_.push(run_of("a"));

    EXPECT_EQ(queue_.close().size(), 1U);
    EXPECT_FALSE(queue_.push(run_of("b")));
    EXPECT_EQ(queue_.take(), nullptr);
    EXPECT_TRUE(queue_.close().empty());
}

TEST_F(EventQueueTest, RemovesAQueuedEvent) {
    const auto run = run_of("a");
    queue_.push(run);

    EXPECT_TRUE(queue_.holds(*run));
    EXPECT_TRUE(queue_.remove(*run));
    EXPECT_FALSE(queue_.remove(*run));
    EXPECT_FALSE(queue_.holds(*run));
}

TEST_F(EventQueueTest, KnowsIfOnlyOneEventWaits) {
    EXPECT_TRUE(queue_.holds_only("status"));
    queue_.push(run_of("status"));
    EXPECT_TRUE(queue_.holds_only("status"));
    queue_.push(run_of("backup"));
    EXPECT_FALSE(queue_.holds_only("status"));
}

}  // namespace
}  // namespace servicekit
