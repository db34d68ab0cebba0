#include "base/fair_queue.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace servicekit {
namespace {

using namespace std::chrono_literals;

class FairQueueTest : public ::testing::Test {
protected:
    static constexpr uid_t alice = 1000;
    static constexpr uid_t bob = 1001;
    static constexpr uid_t carol = 1002;
    using Queue = FairQueue<std::string>;

    void push(uid_t user, const std::string& item, Queue::Place place = Queue::Place::last) {
        queue.push(user, item, place);
        user_of[item] = user;
    }
    /// Takes all items, each at this cost, and returns them in order.
    std::string take_all(std::chrono::nanoseconds cost) {
        std::string taken;
        while (!queue.empty()) taken += take(cost);
        return taken;
    }
    std::string take(std::chrono::nanoseconds cost) {
        const std::string item = queue.pop();
        queue.charge(user_of.at(item), cost);
        return item;
    }

    Queue queue{10us};
    std::map<std::string, uid_t> user_of;
};

TEST_F(FairQueueTest, KeepsTheOrderOfOneUser) {
    for (const char* item : {"a", "b", "c"}) push(alice, item);
    EXPECT_EQ(take_all(10us), "abc");
    EXPECT_TRUE(queue.empty());
}

TEST_F(FairQueueTest, AlternatesBetweenUsers) {
    for (const char* item : {"a", "b", "c", "d"}) push(alice, item);
    for (const char* item : {"1", "2"}) push(bob, item);
    EXPECT_EQ(take_all(10us), "a1b2cd");
}

TEST_F(FairQueueTest, GivesEachUserTheSameTimeNotTheSameNumber) {
    for (int item = 0; item < 100; ++item) {
        push(alice, "costly-" + std::to_string(item));
        push(bob, "cheap-" + std::to_string(item));
    }
    int costly = 0;
    for (int cheap = 0; cheap < 100;) {
        const std::string item = queue.pop();
        const bool is_cheap = user_of.at(item) == bob;
        queue.charge(user_of.at(item), is_cheap ? 5us : 50us);
        ++(is_cheap ? cheap : costly);
    }
    EXPECT_GE(costly, 9);
    EXPECT_LE(costly, 11);
}

TEST_F(FairQueueTest, ANewUserPrecedesWaitingUsers) {
    for (const char* item : {"a", "b", "c"}) push(alice, item);
    for (const char* item : {"1", "2", "3"}) push(bob, item);
    EXPECT_EQ(take(10us), "a");
    EXPECT_EQ(take(10us), "1");
    push(carol, "x");
    EXPECT_EQ(take(10us), "x");
}

TEST_F(FairQueueTest, AUserWithPriorityPrecedesOtherNewUsers) {
    push(alice, "a");
    push(bob, "1");
    push(carol, "x", Queue::Place::first);
    EXPECT_EQ(take_all(10us), "xa1");
}

TEST_F(FairQueueTest, PriorityDoesNotStarveOthers) {
    for (int item = 0; item < 50; ++item) {
        push(carol, "x-" + std::to_string(item), Queue::Place::first);
        push(alice, "a-" + std::to_string(item));
    }
    int of_alice = 0;
    for (int taken = 0; taken < 20; ++taken)
        if (take(10us).starts_with("a-")) ++of_alice;
    EXPECT_EQ(of_alice, 10);
}

TEST_F(FairQueueTest, RemembersTheCostOfAUserWithSingleRequests) {
    for (int item = 0; item < 100; ++item) push(bob, "b-" + std::to_string(item));
    int of_alice = 0;
    for (int of_bob = 0; of_bob < 100;) {
        if (user_of.count("a-" + std::to_string(of_alice)) == 0) push(alice, "a-" + std::to_string(of_alice));
        const std::string item = queue.pop();
        const bool is_alices = user_of.at(item) == alice;
        queue.charge(user_of.at(item), is_alices ? 100us : 10us);
        ++(is_alices ? of_alice : of_bob);
    }
    EXPECT_LE(of_alice, 12);
}

TEST_F(FairQueueTest, LimitsTheCostOfOneItem) {
    push(alice, "a");
    EXPECT_EQ(take(1h), "a");
    for (int item = 0; item < 200; ++item) push(bob, "b-" + std::to_string(item));
    push(alice, "late");
    int before = 0;
    while (take(10us) != "late") ++before;
    EXPECT_LE(before, 101);
}

TEST_F(FairQueueTest, IsEmptyOnceCleared) {
    push(alice, "a");
    queue.clear();
    EXPECT_TRUE(queue.empty());
    queue.charge(alice, 1s);
    push(alice, "b");
    EXPECT_EQ(take_all(1us), "b");
}

}  // namespace
}  // namespace servicekit
