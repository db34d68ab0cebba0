#include "servicekit/os/closed_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/fake_files.hpp"

namespace servicekit::os {
namespace {

constexpr uid_t me = 1000;
constexpr uid_t stranger = 2000;

class ClosedDirectoryTest : public ::testing::Test {
protected:
    void add(const std::string& path, mode_t permissions, uid_t owner) {
        files.add_directory(path, permissions);
        files.set_owner(path, owner, owner);
    }
    [[nodiscard]] bool is_closed(const std::string& path) {
        const auto closed = is_closed_directory(files, path, {me});
        EXPECT_TRUE(closed);
        return closed && *closed;
    }

    mocks::FakeFiles files;
};

TEST_F(ClosedDirectoryTest, IsOneThatOnlyRootOrTheUserMayWrite) {
    add("/run", 0755, 0);
    add("/run/mine", 0700, me);
    add("/run/theirs", 0755, stranger);
    EXPECT_TRUE(is_closed("/run"));
    EXPECT_TRUE(is_closed("/run/mine"));
    EXPECT_TRUE(is_closed("/run//./mine/"));
    EXPECT_TRUE(is_closed("/run/theirs/../mine/.."));
    EXPECT_FALSE(is_closed("/run/theirs"));
}

TEST_F(ClosedDirectoryTest, IsNotOneThatAGroupOrOthersMayWrite) {
    add("/group", 0775, 0);
    add("/open", 01777, 0);
    EXPECT_FALSE(is_closed("/group"));
    EXPECT_FALSE(is_closed("/open"));
}

TEST_F(ClosedDirectoryTest, IsNotBelowOneThatAStrangerCanReplace) {
    add("/theirs", 0755, stranger);
    add("/theirs/mine", 0700, me);
    add("/open", 0777, 0);
    add("/open/mine", 0700, me);
    EXPECT_FALSE(is_closed("/theirs/mine"));
    EXPECT_FALSE(is_closed("/open/mine"));
}

TEST_F(ClosedDirectoryTest, MayBeBelowAStickyOne) {
    add("/tmp", 01777, 0);
    add("/tmp/mine", 0700, me);
    add("/tmp/theirs", 0755, stranger);
    EXPECT_TRUE(is_closed("/tmp/mine"));
    EXPECT_FALSE(is_closed("/tmp/theirs"));
    add("/theirs", 01777, stranger);
    add("/theirs/mine", 0700, me);
    EXPECT_FALSE(is_closed("/theirs/mine"));
}

TEST_F(ClosedDirectoryTest, FollowsLinksThatNoStrangerCanReplace) {
    add("/run", 0755, 0);
    add("/run/mine", 0700, me);
    files.add_link("/var/run", "/run");
    files.add_link("/var/here", "../run/mine");
    EXPECT_TRUE(is_closed("/var/run/mine"));
    EXPECT_TRUE(is_closed("/var/here"));
    add("/tmp", 01777, 0);
    files.add_link("/tmp/theirs", "/run/mine");
    files.set_owner("/run/mine", me, me);
    EXPECT_TRUE(is_closed("/tmp/theirs"));  // the link belongs to root
    add("/open", 0777, 0);
    files.add_link("/open/link", "/run/mine");
    EXPECT_FALSE(is_closed("/open/link"));
}

TEST_F(ClosedDirectoryTest, IsNeitherAFileNorMissing) {
    files.add_file("/run/x");
    files.add_link("/loop", "/loop");
    EXPECT_FALSE(is_closed("/run/x"));
    EXPECT_FALSE(is_closed("/run/missing"));
    EXPECT_FALSE(is_closed("/loop"));
    EXPECT_FALSE(is_closed("run"));
    EXPECT_FALSE(is_closed(""));
}

TEST_F(ClosedDirectoryTest, IsUnknownWithoutPermission) {
    add("/run", 0755, 0);
    files.failures.fail_always("status", EIO, "/run");
    EXPECT_EQ(is_closed_directory(files, "/run", {me}).error().errno_value, EIO);
}

}  // namespace
}  // namespace servicekit::os
