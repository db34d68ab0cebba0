#include "servicekit/os/file_locks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "integration/os/locks/file_locks_fixture.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::describe;
using test::ForkedChild;
using test::held_by;
using test::in_another_process;
using test::Lines;
using test::some_user;

class FileLockOwnerTest : public test::FileLocksFixture {
protected:
    /// Starts a process that opens and locks the file by itself, and keeps the lock until it gets a line or is killed.
    /// \param lock takes the descriptor; returns 0 on success
    /// \param user the user of the process; nothing for the user of the tests
    [[nodiscard]] ForkedChild locker(const std::function<int(int)>& lock, std::optional<uid_t> user = {}) const {
        return ForkedChild{[=, this](Lines& parent) {
            if (user && ::setresuid(*user, *user, *user) != 0) return 1;
            Descriptor file{::open(path_.c_str(), O_RDWR | O_CLOEXEC)};
            if (!file) file.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
            parent.tell(lock(file.get()) == 0 ? "locked" : "failed");
            parent.hear();
            return 0;
        }};
    }
    /// Locks with fcntl(2). \param command F_SETLK or F_OFD_SETLK \param type F_RDLCK or F_WRLCK
    [[nodiscard]] ForkedChild fcntl_locker(int command, short type, std::optional<uid_t> user = {}) const {
        return locker(
            [=](int file) {
                struct flock wanted {};
                wanted.l_type = type;
                return ::fcntl(file, command, &wanted);
            },
            user);
    }
};

TEST_F(FileLockOwnerTest, TheOwnerHasAUid) {
    const auto other = holder();
    ASSERT_EQ(other->hear(), "locked");

    const auto owner = locks_.owner(path_, Look::thorough);

    ASSERT_TRUE(owner && *owner);
    EXPECT_EQ((*owner)->uid, ::geteuid());
}

TEST_F(FileLockOwnerTest, AReadLockBelongsToABystander) {
    write_file("");
    ForkedChild reader = fcntl_locker(F_SETLK, F_RDLCK);
    ASSERT_EQ(reader.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(reader.pid()) + ", a bystander");
    EXPECT_EQ(owner(), held_by(reader.pid()) + ", a bystander");
}

TEST_F(FileLockOwnerTest, AnInstanceWithoutItsFcntlLockComesBeforeAReader) {
    const auto held = lock();
    open_and_close();
    ForkedChild reader = fcntl_locker(F_SETLK, F_RDLCK);
    ASSERT_EQ(reader.hear(), "locked");

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLockOwnerTest, ASharedFlockBelongsToABystander) {
    write_file("");
    ForkedChild reader = locker([](int file) { return ::flock(file, LOCK_SH); });
    ASSERT_EQ(reader.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(reader.pid()) + ", a bystander");
}

TEST_F(FileLockOwnerTest, AnotherUsersFlockBelongsToABystander) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    ForkedChild stranger = locker([](int file) { return ::flock(file, LOCK_EX); }, some_user);
    ASSERT_EQ(stranger.hear(), "locked");

    const auto attempt = locks_.try_lock(path_, 0644);

    EXPECT_EQ(describe(attempt), held_by(stranger.pid()) + ", a bystander");
    EXPECT_EQ(attempt->owner.uid, some_user);
}

TEST_F(FileLockOwnerTest, AnInstanceThatChangedItsUserIsNotABystander) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    ForkedChild service{[this](Lines& parent) {
        const auto held = lock();
        if (::setresuid(some_user, some_user, some_user) != 0) return 1;
        parent.tell("locked");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(service.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(service.pid()));
    EXPECT_EQ(owner(), held_by(service.pid()));
    EXPECT_EQ(owner_for_stranger(), held_by(service.pid()));
}

TEST_F(FileLockOwnerTest, AChangedUserAndALostFcntlLockMakeNoBystander) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    ForkedChild service{[this](Lines& parent) {
        const auto held = lock();
        if (!held->write(std::to_string(::getpid()) + "\n")) return 1;
        open_and_close();
        if (::setresuid(some_user, some_user, some_user) != 0) return 1;
        parent.tell("locked");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(service.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(service.pid()));
    EXPECT_EQ(owner_for_stranger(), held_by(service.pid()));
}

TEST_F(FileLockOwnerTest, AFileThatOthersWriteProvesNoInstance) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    std::filesystem::permissions(path_, std::filesystem::perms{0666});
    ForkedChild stranger = fcntl_locker(F_SETLK, F_WRLCK, some_user);
    ASSERT_EQ(stranger.hear(), "locked");

    EXPECT_EQ(owner(), held_by(stranger.pid()) + ", a bystander");
}

TEST_F(FileLockOwnerTest, ALockOfAnOpenFileHasAnUnknownHolder) {
    write_file("");
    ForkedChild other = fcntl_locker(F_OFD_SETLK, F_WRLCK);
    ASSERT_EQ(other.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(0));
    EXPECT_EQ(owner(), held_by(0));
}

TEST_F(FileLockOwnerTest, AFlockThatOutlivedItsTakerHasAnUnknownHolder) {
    write_file("");
    ForkedChild taker{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDWR)};
        if (::flock(file.get(), LOCK_EX) != 0) return 1;
        const pid_t left = ::fork();
        if (left == 0) {
            ::alarm(60);
            ::pause();
            ::_exit(0);
        }
        parent.tell(std::to_string(left));
        return 0;
    }};
    const pid_t left = std::stoi(taker.hear());
    ASSERT_EQ(taker.wait(), 0);

    EXPECT_EQ(try_lock(), held_by(0));
    ::kill(left, SIGKILL);
}

TEST_F(FileLockOwnerTest, AHolderInAnOuterPidNamespaceIsUnknown) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a pid namespace";
    const auto held = lock();
    open_and_close();  // now owner() reads /proc/locks, whose pids mean nothing in the inner namespace

    ForkedChild outer{[this](Lines& parent) {
        if (::unshare(CLONE_NEWPID) != 0) return 1;
        parent.tell(owner_elsewhere());
        return 0;
    }};

    const std::string seen = outer.hear();
    if (outer.wait() != 0) GTEST_SKIP() << "not permitted here";
    EXPECT_EQ(seen, held_by(0));
}

TEST_F(FileLockOwnerTest, AFirstLookFindsAnInstance) {
    const auto held = lock();

    EXPECT_EQ(in_another_process([this] { return owner(Look::first); }), held_by(::getpid()));
}

TEST_F(FileLockOwnerTest, AFirstLookMissesALostFcntlLock) {
    const auto held = lock();
    open_and_close();

    EXPECT_EQ(in_another_process([this] { return owner(Look::first); }), "free");
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLockOwnerTest, AFirstLookIsThoroughForAUserWhoCannotTakeTheLock) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    const auto held = lock();
    open_and_close();
    std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
    const auto seen_by_stranger = [this] {
        return in_another_process([this] {
            if (::setresuid(some_user, some_user, some_user) != 0) return std::string{"still root"};
            return owner(Look::first);
        });
    };

    EXPECT_EQ(seen_by_stranger(), held_by(::getpid()));
    std::filesystem::permissions(path_, std::filesystem::perms{0600});
    EXPECT_EQ(seen_by_stranger(), held_by(::getpid()));
}

TEST_F(FileLockOwnerTest, AskingForTheOwnerNeverTakesTheLock) {
    ForkedChild asking{[this](Lines& parent) {
        int asked = 0;
        while (!parent.has_come()) {
            static_cast<void>(owner(asked % 2 == 0 ? Look::thorough : Look::first));
            if (++asked == 1000) parent.tell("asked 1000 times");
        }
        return 0;
    }};

    int locked = 0;
    for (int round = 0; round < 1000; ++round) {
        ASSERT_EQ(try_lock(), "locked");
        ++locked;
    }
    EXPECT_EQ(asking.hear(), "asked 1000 times");
    ASSERT_EQ(try_lock(), "locked");
    asking.tell("enough");
    EXPECT_EQ(asking.wait(), 0);
    EXPECT_EQ(locked, 1000);
}

TEST_F(FileLockOwnerTest, TheKernelsTableNamesTheOwnerOfAnUnreadableFile) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    const auto held = lock();
    std::filesystem::permissions(path_, std::filesystem::perms{0600});

    const std::string seen = in_another_process([this] {
        if (::setresuid(some_user, some_user, some_user) != 0) return std::string{"still root"};
        return owner();
    });

    EXPECT_EQ(seen, held_by(::getpid()));
}

TEST_F(FileLockOwnerTest, AMissingFileIsFreeAndIsNotCreated) {
    EXPECT_EQ(owner(), "free");
    EXPECT_FALSE(std::filesystem::exists(path_));
    path_ = directory_.file("no/such/directory");
    EXPECT_EQ(owner(), "free");
}

}  // namespace
}  // namespace servicekit::os
