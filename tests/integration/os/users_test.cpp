#include "servicekit/os/users.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "integration/os/forked_child.hpp"

namespace servicekit::os {
namespace {

using test::in_another_process;

constexpr uid_t some_uid = 54321;
constexpr gid_t some_gid = 54322;
constexpr auto no_group = static_cast<gid_t>(-1);

std::string outcome_of(const Result<void>& result) { return result ? "done" : result.error().message(); }

/// Returns all ids of the calling process: "1 1 1, 2 2 2, 2 3".
std::string all_ids() {
    uid_t uids[3];
    gid_t gids[3];
    std::vector<gid_t> groups(64);
    ::getresuid(&uids[0], &uids[1], &uids[2]);
    ::getresgid(&gids[0], &gids[1], &gids[2]);
    groups.resize(static_cast<std::size_t>(::getgroups(64, groups.data())));
    std::string text;
    for (const uid_t uid : uids) text += std::to_string(uid) + " ";
    text += "|";
    for (const gid_t gid : gids) text += " " + std::to_string(gid);
    text += " |";
    for (const gid_t gid : groups) text += " " + std::to_string(gid);
    return text;
}

class PosixUsersTest : public testing::Test {
protected:
    Users& users_ = posix_users();
};

TEST_F(PosixUsersTest, FindsAUserByNameAndByNumber) {
    for (const char* text : {"root", "0"}) {
        const auto user = users_.find_user(text).value();
        ASSERT_TRUE(user) << text;
        EXPECT_EQ(user->name, "root");
        EXPECT_EQ(user->uid, 0U);
        EXPECT_EQ(user->gid, 0U);
        EXPECT_EQ(user->home, "/root");
    }
}

TEST_F(PosixUsersTest, ANumberWithoutAnEntryIsAUserWithoutAGroup) {
    if (::getpwuid(some_uid) != nullptr) GTEST_SKIP() << "this machine has a user " << some_uid;

    const auto user = users_.find_user(std::to_string(some_uid)).value();

    ASSERT_TRUE(user);
    EXPECT_EQ(user->name, "");
    EXPECT_EQ(user->uid, some_uid);
    EXPECT_EQ(user->gid, no_group);
}

TEST_F(PosixUsersTest, AnUnknownNameIsNotFound) {
    for (const char* text : {"no-such-user-here", "", "-1", "+1", "1x", " 1", "4294967295", "99999999999", "0x10"}) {
        EXPECT_EQ(users_.find_user(text).value().has_value(), false) << text;
        EXPECT_EQ(users_.find_group(text).value().has_value(), false) << text;
    }
}

TEST_F(PosixUsersTest, FindsAGroupByNameAndByNumber) {
    EXPECT_EQ(users_.find_group("root").value(), 0U);
    EXPECT_EQ(users_.find_group("0").value(), 0U);
    EXPECT_EQ(users_.find_group(std::to_string(some_gid)).value(), some_gid);
}

TEST_F(PosixUsersTest, OutsideUserNamespacesEachNumberIsOneUser) {
    const std::string ranges = in_another_process([] {
        for (const uid_t uid : {uid_t{0}, some_uid, uid_t{65534}})
            if (!posix_users().is_one_user(uid)) return std::to_string(uid) + " is not";
        return std::string{"all are"};
    });
    std::ifstream map{"/proc/self/uid_map"};
    std::uint64_t first = 1;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    map >> first >> outside >> count;
    if (first != 0 || count < 65535) GTEST_SKIP() << "this is a user namespace of its own";
    EXPECT_EQ(ranges, "all are");
}

TEST_F(PosixUsersTest, TheOverflowUidOfANamespaceIsNotOneUser) {
    const std::string seen = in_another_process([] {
        if (::unshare(CLONE_NEWUSER) != 0) return std::string{"not permitted"};
        const bool is_one = posix_users().is_one_user(::geteuid());
        return std::to_string(::geteuid()) + (is_one ? " is one" : " is not one");
    });
    if (seen == "not permitted") GTEST_SKIP() << "this user may not make a user namespace";
    EXPECT_EQ(seen, "65534 is not one");
}

TEST_F(PosixUsersTest, BecomesAUserWithoutAnEntryIrrevocably) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const std::string seen = in_another_process([this] {
        const auto became = users_.become(User{"", some_uid, no_group}, some_gid);
        return outcome_of(became) + ": " + all_ids() + (::seteuid(0) == 0 ? ", root again" : "");
    });
    EXPECT_EQ(seen, "done: 54321 54321 54321 | 54322 54322 54322 | 54322");
}

TEST_F(PosixUsersTest, BecomesAUserWithTheGroupsOfTheDatabase) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const auto nobody = users_.find_user("nobody").value();
    if (!nobody) GTEST_SKIP() << "this machine has no user nobody";
    const std::string seen = in_another_process([&] {
        const std::vector<gid_t> of_root{0, 4, 24};
        static_cast<void>(::setgroups(of_root.size(), of_root.data()));
        const auto became = users_.become(*nobody, some_gid);
        return outcome_of(became) + ": " + all_ids();
    });
    const std::string uid = std::to_string(nobody->uid);
    EXPECT_EQ(seen, "done: " + uid + " " + uid + " " + uid + " | 54322 54322 54322 | 54322");
}

TEST_F(PosixUsersTest, BecomingRootAsRootWorks) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root is root";
    const auto root = users_.find_user("root").value();
    ASSERT_TRUE(root);
    EXPECT_EQ(in_another_process([&] { return outcome_of(users_.become(*root, root->gid)); }), "done");
}

TEST_F(PosixUsersTest, AUserWithoutAGroupIsRefused) {
    EXPECT_EQ(
        outcome_of(users_.become(User{"", some_uid, no_group}, no_group)),
        "cannot become user '54321': the user database has no such user to tell a group, so name a group as well");
}

TEST_F(PosixUsersTest, BecomingTheSameUserNeedsNoPrivilege) {
    const std::string seen = in_another_process([this] {
        // Its groups are those in the database.
        const auto self = users_.find_user(std::to_string(::geteuid())).value();
        const User user = ::geteuid() != 0 && self ? *self : User{.name = "", .uid = some_uid, .gid = no_group};
        const gid_t group = ::geteuid() == 0 ? some_gid : ::getegid();
        const auto first = users_.become(user, group);
        const auto second = users_.become(user, group);
        return outcome_of(first) + ", " + outcome_of(second);
    });
    EXPECT_EQ(seen, "done, done");
}

TEST_F(PosixUsersTest, GroupsWithoutTheUserAreLeftOrRefused) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be in any group";
    constexpr gid_t adm = 4;
    const auto become_with = [this](bool may_leave, const std::vector<gid_t>& may_keep) {
        return in_another_process([&] {
            const std::vector<gid_t> groups{some_gid, adm};
            if (::setgroups(groups.size(), groups.data()) != 0 || ::setresgid(some_gid, some_gid, some_gid) != 0)
                return std::string{"no groups"};
            if (may_leave && ::prctl(PR_SET_KEEPCAPS, 1) != 0) return std::string{"no capabilities"};
            if (::setresuid(some_uid, some_uid, some_uid) != 0) return std::string{"still root"};
            if (may_leave) {
                // The capabilities that PR_SET_KEEPCAPS has kept are not effective yet.
                __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
                __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
                ::syscall(SYS_capget, &header, sets);
                for (auto& half : sets) half.effective = half.permitted;
                ::syscall(SYS_capset, &header, sets);
            }
            const auto became = users_.become(User{.name = "", .uid = some_uid, .gid = no_group}, some_gid, may_keep);
            return outcome_of(became) + ": " + all_ids();
        });
    };
    const std::string ids = ": 54321 54321 54321 | 54322 54322 54322 |";
    EXPECT_EQ(become_with(false, {}),
              "cannot become user '54321': the process is in group 4, which the user is not in, and it may not leave "
              "the group" +
                  ids + " 4 54322");
    EXPECT_EQ(become_with(false, {adm}), "done" + ids + " 4 54322");
    EXPECT_EQ(become_with(true, {}), "done" + ids + " 54322");
}

TEST_F(PosixUsersTest, BecomingAnotherUserNeedsPrivilege) {
    const std::string seen = in_another_process([this] {
        if (::geteuid() == 0 && ::setresuid(some_uid, some_uid, some_uid) != 0) return std::string{"still root"};
        const auto became = users_.become(User{"root", 0, 0}, 0);
        return std::to_string(became ? 0 : to_int(became.error().exit_code));
    });
    EXPECT_EQ(seen, std::to_string(to_int(ExitCode::permission)));
}

TEST_F(PosixUsersTest, ARemainingCapabilityIsAnError) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const std::string seen = in_another_process([this] {
        const std::filesystem::directory_iterator threads{"/proc/self/task"};
        if (std::distance(begin(threads), end(threads)) > 1) return std::string{"a sanitizer's thread"};
        // The ids change, but the capability to change them back remains.
        if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) != 0) return std::string{"not permitted"};
        return outcome_of(users_.become(User{"", some_uid, no_group}, some_gid));
    });
    if (seen == "not permitted") GTEST_SKIP() << "securebits can't be set here";
    if (seen == "a sanitizer's thread") GTEST_SKIP() << "securebits are a thread's, and glibc sets ids in all of them";
    EXPECT_EQ(seen, "cannot become user '54321': root can still be had back");
}

TEST_F(PosixUsersTest, ARegainableCapabilityIsAnError) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const std::string seen = in_another_process([this] {
        // No capability is effective any more, but capset(2) could bring all of them back.
        if (::prctl(PR_SET_KEEPCAPS, 1) != 0) return std::string{"not permitted"};
        return outcome_of(users_.become(User{"", some_uid, no_group}, some_gid));
    });
    EXPECT_EQ(seen, "cannot become user '54321': root can still be had back");
}

}  // namespace
}  // namespace servicekit::os
