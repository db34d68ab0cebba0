#include "servicekit/mocks/fake_users.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

class FakeUsersTest : public ::testing::Test {
protected:
    FakeUsersTest() {
        users.add_user({.name = "www", .uid = 33, .gid = 34, .home = "/var/www"});
        users.add_group("adm", 4);
    }

    FakeUsers users;
};

TEST_F(FakeUsersTest, FindsUsersByNameAndNumber) {
    EXPECT_EQ(users.find_user("www").value()->uid, 33U);
    EXPECT_EQ(users.find_user("33").value()->name, "www");
    EXPECT_EQ(users.find_user("root").value()->uid, 0U);
    EXPECT_FALSE(users.find_user("nobody-here").value().has_value());
    EXPECT_FALSE(users.find_user("-1").value().has_value());
}

TEST_F(FakeUsersTest, AcceptsANumberWithoutAnEntry) {
    const os::User user = users.find_user("2000").value().value();
    EXPECT_EQ(user.uid, 2000U);
    EXPECT_EQ(user.name, "");
    EXPECT_EQ(user.gid, static_cast<gid_t>(-1));
    EXPECT_FALSE(users.become(user, user.gid));
    EXPECT_TRUE(users.become(user, 4));
}

TEST_F(FakeUsersTest, FindsGroupsByNameAndNumber) {
    EXPECT_EQ(users.find_group("adm").value(), 4U);
    EXPECT_EQ(users.find_group("77").value(), 77U);
    EXPECT_EQ(users.find_group("none").value(), std::nullopt);
}

TEST_F(FakeUsersTest, BecomesAUserIrrevocably) {
    uid_t told = 0;
    users.on_become([&told](uid_t uid, gid_t /*gid*/) { told = uid; });
    const os::User www = users.find_user("www").value().value();
    ASSERT_TRUE(users.become(www, 4));
    EXPECT_EQ(users.current_user(), 33U);
    EXPECT_EQ(users.current_group(), 4U);
    EXPECT_EQ(told, 33U);
    EXPECT_TRUE(users.become(www, 4));
    EXPECT_EQ(users.become({.name = "root"}, 0).error().errno_value, EPERM);
}

TEST_F(FakeUsersTest, FailsOnDemand) {
    users.failures.fail_next("find_user", EIO, "www");
    EXPECT_FALSE(users.find_user("www"));
    users.failures.fail_next("become", EAGAIN);
    EXPECT_FALSE(users.become({.name = "www", .uid = 33, .gid = 34}, 34));
    EXPECT_EQ(users.current_user(), 0U);
}

}  // namespace
}  // namespace servicekit::mocks
