#include "core/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/mock_event_loop.hpp"

namespace servicekit {
namespace {

using ::testing::NiceMock;

std::shared_ptr<QueuedEvent> run_of(std::string name) {
    return std::make_shared<QueuedEvent>(std::make_shared<EventDeclaration>(EventDeclaration{.name = std::move(name)}),
                                         Arguments{}, Peer{},
                                         std::make_unique<CallbackAnswer>([](const Object*, const Object*) {}));
}

/// Counts how often it is told what runs before it.
class CountingAnswer final : public Answer {
public:
    explicit CountingAnswer(int& count) : count_{&count} {}
    void succeed(const Object& /*fields*/) override {}
    void fail(const Object& /*error*/) override {}
    void queued(std::string_view /*running*/) override { ++*count_; }

private:
    int* count_;
};

class EventQueueTest : public ::testing::Test {
protected:
    NiceMock<mocks::MockParking> parking_;
    EventQueue queue_{parking_};
};

TEST_F(EventQueueTest, GivesInTheOrderOfArrivalAndWakesTheEventThread) {
    EXPECT_CALL(parking_, unpark).Times(2);
    const auto first = run_of("a");
    const auto second = run_of("b");
    EXPECT_TRUE(queue_.push(first));
    EXPECT_TRUE(queue_.push(second));

    EXPECT_EQ(queue_.take(), first);
    EXPECT_EQ(queue_.take(), second);
    EXPECT_EQ(queue_.take(), nullptr);
}

TEST_F(EventQueueTest, TakesNoMoreThanItsLimit) {
    for (std::size_t i = 0; i < EventQueue::limit; ++i) ASSERT_TRUE(queue_.push(run_of("a")));

    EXPECT_FALSE(queue_.push(run_of("a")));
}

TEST_F(EventQueueTest, TellsOnlyTheFirstOfALongQueueWhatRunsBeforeThem) {
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

TEST_F(EventQueueTest, ClosedItGivesBackWhatWaitedAndTakesNothing) {
    queue_.push(run_of("a"));

    EXPECT_EQ(queue_.close().size(), 1U);
    EXPECT_FALSE(queue_.push(run_of("b")));
    EXPECT_EQ(queue_.take(), nullptr);
    EXPECT_TRUE(queue_.close().empty());
}

TEST_F(EventQueueTest, RemovesWhatStillWaits) {
    const auto run = run_of("a");
    queue_.push(run);

    EXPECT_TRUE(queue_.holds(*run));
    EXPECT_TRUE(queue_.remove(*run));
    EXPECT_FALSE(queue_.remove(*run));
    EXPECT_FALSE(queue_.holds(*run));
}

TEST_F(EventQueueTest, KnowsWhetherOnlyOneEventWaits) {
    EXPECT_TRUE(queue_.holds_only("status"));
    queue_.push(run_of("status"));
    EXPECT_TRUE(queue_.holds_only("status"));
    queue_.push(run_of("backup"));
    EXPECT_FALSE(queue_.holds_only("status"));
}

}  // namespace
}  // namespace servicekit
