#include "policies/control/control_quota.hpp"

#include <gtest/gtest.h>

namespace servicekit::policies {
namespace {

constexpr uid_t root = 0;
constexpr uid_t owner = 500;
constexpr uid_t alice = 1000;
constexpr uid_t bob = 1001;

const UnixSocketControl::Options small{.max_request_bytes = 100,
                                       .max_connections = 4,
                                       .reserved_for_owner = 1,
                                       .max_connections_per_user = 2,
                                       .max_buffered_bytes = 1'000,
                                       .max_reply_backlog = 100,
                                       .max_buffered_replies = 1'000};

class ControlQuotaTest : public ::testing::Test {
protected:
    [[nodiscard]] bool admits(uid_t user) { return !quota.admit(user).has_value(); }

    ControlQuota quota{small, owner};
};

TEST_F(ControlQuotaTest, CountsConnectionsForEachStranger) {
    EXPECT_TRUE(admits(alice));
    EXPECT_TRUE(admits(alice));
    EXPECT_EQ(quota.admit(alice), 2U);
    EXPECT_TRUE(admits(bob));
    quota.release(alice);
    EXPECT_TRUE(admits(alice));
}

TEST_F(ControlQuotaTest, OwnerAndRootGetTheReservedConnections) {
    EXPECT_TRUE(admits(alice));
    EXPECT_TRUE(admits(alice));
    EXPECT_TRUE(admits(bob));
    EXPECT_EQ(quota.admit(bob), 3U);
    EXPECT_TRUE(admits(root));
    EXPECT_EQ(quota.admit(owner), 4U);
    quota.release(alice);
    EXPECT_TRUE(admits(owner));
}

TEST_F(ControlQuotaTest, TheOwnerMayHaveAllConnections) {
    for (int count = 0; count < 4; ++count) EXPECT_TRUE(admits(owner));
    EXPECT_EQ(quota.admit(alice), 3U);
}

TEST_F(ControlQuotaTest, SupportsANewOwnerWhileTheOldOneIsConnected) {
    for (int count = 0; count < 3; ++count) EXPECT_TRUE(admits(owner));
    quota.set_owner(alice);
    EXPECT_FALSE(admits(owner));
    EXPECT_TRUE(admits(alice));
    quota.release(owner);
    quota.release(owner);
    EXPECT_TRUE(admits(bob));
    EXPECT_FALSE(admits(bob));
    EXPECT_TRUE(admits(alice));
}

TEST_F(ControlQuotaTest, AdmitsNoStrangerIfAllIsReserved) {
    UnixSocketControl::Options options = small;
    options.reserved_for_owner = 100;
    ControlQuota strict{options, owner};
    EXPECT_EQ(strict.admit(alice), 0U);
    EXPECT_EQ(strict.admit(owner), std::nullopt);
}

TEST_F(ControlQuotaTest, GivesAStrangerAQuarterOfTheBytes) {
    ASSERT_TRUE(admits(alice));
    ASSERT_TRUE(admits(alice));
    EXPECT_TRUE(quota.resize(alice, 0, 200));
    EXPECT_FALSE(quota.resize(alice, 0, 51));
    EXPECT_TRUE(quota.resize(alice, 51, 50));
    EXPECT_TRUE(quota.resize(alice, 200, 0));
}

TEST_F(ControlQuotaTest, ReservesBytesForARequestOfTheOwner) {
    for (const uid_t user : {alice, bob, owner}) ASSERT_TRUE(admits(user));
    EXPECT_TRUE(quota.resize(owner, 0, 700));
    EXPECT_TRUE(quota.resize(alice, 0, 200));
    EXPECT_FALSE(quota.resize(bob, 0, 1));
    EXPECT_TRUE(quota.resize(owner, 700, 799));
    EXPECT_FALSE(quota.resize(owner, 799, 800));
}

TEST_F(ControlQuotaTest, GivesAStrangerAQuarterOfTheUnreadReplies) {
    for (const uid_t user : {alice, bob, owner}) ASSERT_TRUE(admits(user));
    quota.resize_replies(alice, 0, 249);
    EXPECT_TRUE(quota.has_room_for_replies(alice));
    quota.resize_replies(alice, 249, 250);
    EXPECT_FALSE(quota.has_room_for_replies(alice));
    EXPECT_TRUE(quota.has_room_for_replies(bob));
    EXPECT_TRUE(quota.has_room_for_replies(owner));
    quota.resize_replies(alice, 250, 0);
    EXPECT_TRUE(quota.has_room_for_replies(alice));
}

TEST_F(ControlQuotaTest, ReservesRoomForUnreadRepliesOfTheOwner) {
    for (const uid_t user : {alice, bob, owner}) ASSERT_TRUE(admits(user));
    quota.resize_replies(alice, 0, 10);
    quota.resize_replies(owner, 0, 890);
    EXPECT_FALSE(quota.has_room_for_replies(alice));
    EXPECT_TRUE(quota.has_room_for_replies(owner));
    quota.resize_replies(owner, 890, 990);
    EXPECT_FALSE(quota.has_room_for_replies(owner));
}

TEST_F(ControlQuotaTest, AlwaysServesAUserWhoHasReadAll) {
    for (const uid_t user : {alice, bob, owner}) ASSERT_TRUE(admits(user));
    quota.resize_replies(owner, 0, 5'000);
    EXPECT_TRUE(quota.has_room_for_replies(alice));
    quota.resize_replies(alice, 0, 1);
    EXPECT_FALSE(quota.has_room_for_replies(alice));
}

TEST_F(ControlQuotaTest, StrangersLeaveDescriptorsFree) {
    EXPECT_EQ(quota.descriptors_for(alice, 1'024), 1'024U - 64U);
    EXPECT_EQ(quota.descriptors_for(owner, 1'024), 1'024U - 8U);
    EXPECT_EQ(quota.descriptors_for(root, 1'024), 1'024U - 8U);
}

TEST_F(ControlQuotaTest, StrangersLeaveAQuarterOfFewDescriptorsFree) {
    EXPECT_EQ(quota.descriptors_for(alice, 100), 75U);
    EXPECT_EQ(quota.descriptors_for(owner, 100), 97U);
    EXPECT_EQ(quota.descriptors_for(owner, 20), 20U);
}

}  // namespace
}  // namespace servicekit::policies
