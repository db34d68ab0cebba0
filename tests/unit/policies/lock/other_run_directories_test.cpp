#include "policies/lock/other_run_directories.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::policies {
namespace {

constexpr uid_t me = 1000;

/// A start by a user whose other default place is /run/user/1000/x.
class OtherRunDirectoriesTest : public ::testing::Test {
protected:
    OtherRunDirectoriesTest() {
        for (const char* const directory : {"/run/user/1000", "/run/user/1000/x"}) {
            host.files.add_directory(directory, 0700);
            host.files.set_owner(directory, me, me);
        }
        host.act_as({.pid = 100, .uid = me, .gid = me});
    }

    std::unique_ptr<os::FileLock> lock(const std::string& path) {
        auto attempt = host.locks.try_lock(path, 0644);
        return std::move(attempt->lock);
    }
    /// Locks the other place's pidfile in another process of this user.
    std::unique_ptr<os::FileLock> lock_other(pid_t pid = 200) {
        host.processes.add(pid, me);
        host.locks.as_process(pid);
        auto other = lock(other_pid_file);
        host.locks.as_process(100);
        return other;
    }
    void write_as(pid_t pid, os::FileLock& lock, const std::string& text) {
        host.locks.as_process(pid);
        EXPECT_TRUE(lock.write(text));
        host.locks.as_process(100);
    }
    [[nodiscard]] bool gives_way(const os::FileLock& own) const {
        const auto other = paths.give_way(own);
        EXPECT_TRUE(other) << other.error().message();
        return other && other->has_value();
    }

    mocks::FakeOs host;
    const std::string own_pid_file = "/run/user/1000/x.pid";
    const std::string other_pid_file = "/run/user/1000/x/x.pid";
    OtherRunDirectories paths{{other_pid_file}, host.locks, host.files, host.process, host.processes};
};

TEST_F(OtherRunDirectoriesTest, FindsNoInstance) {
    EXPECT_FALSE(paths.look(os::Look::thorough)->has_value());
    EXPECT_FALSE(gives_way(*lock(own_pid_file)));
}

TEST_F(OtherRunDirectoriesTest, AnInstanceThatHasWrittenItsPidWins) {
    const auto own = lock(own_pid_file);
    const auto other = lock_other();
    write_as(200, *other, "200\n");
    EXPECT_EQ(paths.look(os::Look::thorough)->value().owner.pid, 200);
    EXPECT_TRUE(gives_way(*own));
}

TEST_F(OtherRunDirectoriesTest, AStartWithTheEarlierPathWins) {
    const auto other = lock_other();
    EXPECT_TRUE(gives_way(*lock(own_pid_file)));
}

TEST_F(OtherRunDirectoriesTest, WaitsForAStartThatHasYetToGiveWay) {
    const auto own = lock(own_pid_file);
    auto other = lock_other();
    write_as(200, *other, "4711\n");  // left from a former instance
    host.when_idle([&] {
        host.locks.as_process(200);
        other.reset();
        host.locks.as_process(100);
    });
    EXPECT_FALSE(gives_way(*own));
}

TEST_F(OtherRunDirectoriesTest, WaitsForAStartUntilItHasWrittenItsPid) {
    const auto own = lock(own_pid_file);
    const auto other = lock_other();
    host.when_idle([&] { write_as(200, *other, "200\n"); });
    EXPECT_TRUE(gives_way(*own));
}

TEST_F(OtherRunDirectoriesTest, DoesNotWaitForEver) {
    const auto own = lock(own_pid_file);
    const auto other = lock_other();
    EXPECT_TRUE(gives_way(*own));
}

TEST_F(OtherRunDirectoriesTest, AnotherUsersInstanceInItsDirectoryDoesNotCount) {
    host.locks.lock_by(other_pid_file, {.pid = 200, .uid = 2000});
    EXPECT_TRUE(paths.look(os::Look::thorough)->has_value());  // only this user could have put it there
    host.files.set_owner("/run/user/1000/x", 2000, 2000);
    EXPECT_FALSE(paths.look(os::Look::thorough)->has_value());
    EXPECT_FALSE(gives_way(*lock(own_pid_file)));
}

TEST_F(OtherRunDirectoriesTest, AnInstanceOfThisUserCountsWhereverItIs) {
    host.locks.lock_by(other_pid_file, {.pid = 200, .uid = me});
    host.files.set_permissions("/run/user/1000/x", 0777);
    EXPECT_TRUE(paths.look(os::Look::thorough)->has_value());
}

TEST_F(OtherRunDirectoriesTest, ABystanderDoesNotCount) {
    host.locks.lock_by(other_pid_file, {.pid = 200, .uid = me, .is_instance = false});
    EXPECT_FALSE(paths.look(os::Look::thorough)->has_value());
}

TEST_F(OtherRunDirectoriesTest, ThePathMayBeALinkToItsOwnFile) {
    host.files.add_link("/run/same", "/run/user/1000");
    const OtherRunDirectories same{{"/run/same/x.pid"}, host.locks, host.files, host.process, host.processes};
    const auto own = lock(own_pid_file);
    EXPECT_FALSE(same.give_way(*own)->has_value());
}

TEST_F(OtherRunDirectoriesTest, AnInaccessiblePlaceIsIgnored) {
    host.locks.failures().fail_always("owner", EACCES, other_pid_file);
    EXPECT_FALSE(paths.look(os::Look::thorough)->has_value());
    EXPECT_FALSE(gives_way(*lock(own_pid_file)));
}

TEST_F(OtherRunDirectoriesTest, AnUnreadablePlaceIsAnError) {
    host.locks.failures().fail_always("owner", EIO, other_pid_file);
    EXPECT_EQ(paths.look(os::Look::thorough).error().errno_value, EIO);
    EXPECT_EQ(paths.give_way(*lock(own_pid_file)).error().errno_value, EIO);
}

}  // namespace
}  // namespace servicekit::policies
