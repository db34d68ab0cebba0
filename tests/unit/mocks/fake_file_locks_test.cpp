#include "servicekit/mocks/fake_file_locks.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace servicekit::mocks {
namespace {

constexpr pid_t one = 100;
constexpr pid_t other = 200;
class FakeFileLocksTest : public ::testing::Test {
protected:
    static inline const std::string path = "/run/x.pid";

    FakeFileLocksTest() {
        files.add_directory("/run");
        locks.as_process(one);
    }

    std::unique_ptr<os::FileLock> lock() { return std::move(locks.try_lock(path, 0644)->lock); }
    int errno_of_locking() {
        const auto attempt = locks.try_lock(path, 0644);
        return attempt ? 0 : attempt.error().errno_value;
    }
    pid_t owner() {
        const auto found = *locks.owner(path, os::Look::thorough);
        return found ? found->pid : 0;
    }

    FakeFiles files;
    FakeProcess process;
    FakeFileLocks locks{files, process};
};

TEST_F(FakeFileLocksTest, CreatesTheFileAndLocksIt) {
    const auto held = lock();
    ASSERT_NE(held, nullptr);
    EXPECT_EQ(files.status_of(path).permissions, 0644U);
    EXPECT_TRUE(held->still_at_path());
    EXPECT_EQ(owner(), one);
}

TEST_F(FakeFileLocksTest, RefusesOtherProcessesAndNamesTheOwner) {
    const auto held = lock();
    locks.as_process(other);
    process.set_effective_user(1000);
    files.set_permissions(path, 0666);
    const auto attempt = locks.try_lock(path, 0644);
    EXPECT_EQ(attempt->lock, nullptr);
    EXPECT_EQ(attempt->owner.pid, one);
    EXPECT_EQ(attempt->owner.uid, 0U);
    EXPECT_TRUE(attempt->owner.is_instance);
}

TEST_F(FakeFileLocksTest, RefusesTheSameProcess) {
    const auto held = lock();
    EXPECT_EQ(locks.try_lock(path, 0644)->owner.pid, one);
}

TEST_F(FakeFileLocksTest, IsFreeOnceTheLockIsReleased) {
    auto held = lock();
    held.reset();
    EXPECT_EQ(owner(), 0);
    locks.as_process(other);
    EXPECT_NE(lock(), nullptr);
}

TEST_F(FakeFileLocksTest, IsFreeOnceItsProcessHasEnded) {
    auto held = lock();
    locks.process_died(one);
    EXPECT_EQ(owner(), 0);
    EXPECT_FALSE(held->write("100\n"));
    locks.as_process(other);
    const auto next = lock();
    held.reset();
    EXPECT_EQ(owner(), other);
}

TEST_F(FakeFileLocksTest, IsNotInheritedByAForkedChild) {
    auto held = lock();
    ASSERT_EQ(*process.fork(), 0);
    EXPECT_FALSE(held->still_at_path());
    EXPECT_FALSE(held->write("child\n"));
    EXPECT_EQ(locks.try_lock(path, 0644)->owner.pid, one);
    held.reset();
    EXPECT_EQ(owner(), one);
}

TEST_F(FakeFileLocksTest, WritesTheFile) {
    const auto held = lock();
    ASSERT_TRUE(held->write("4711\n"));
    ASSERT_TRUE(held->write(""));
    ASSERT_TRUE(held->write("1\n"));
    EXPECT_EQ(files.content(path), "1\n");
}

TEST_F(FakeFileLocksTest, NoticesAnotherFileInItsPlace) {
    const auto held = lock();
    files.move_away(path, "/run/y.pid");
    EXPECT_FALSE(held->still_at_path());
    EXPECT_EQ(owner(), 0);
    files.add_file(path);
    EXPECT_FALSE(held->still_at_path());
    EXPECT_EQ(locks.owner("/run/y.pid", os::Look::thorough).value()->pid, one);
}

TEST_F(FakeFileLocksTest, LocksOnlyRegularFiles) {
    files.add_link(path, "/etc/passwd");
    EXPECT_EQ(errno_of_locking(), ELOOP);
    EXPECT_EQ(locks.owner(path, os::Look::thorough).error().errno_value, ELOOP);
    files.take_away(path);
    files.add_directory(path);
    EXPECT_EQ(errno_of_locking(), EISDIR);
}

TEST_F(FakeFileLocksTest, RefusesAUserWithoutPermission) {
    files.act_as({.pid = one, .uid = 1000, .gid = 1000, .groups = {}});
    EXPECT_EQ(errno_of_locking(), EACCES);
    files.add_file(path);
    EXPECT_EQ(errno_of_locking(), EACCES);
    EXPECT_FALSE(locks.owner(path, os::Look::thorough).value().has_value());
}

TEST_F(FakeFileLocksTest, DistinguishesBystanders) {
    locks.lock_by(path, {.pid = 0, .uid = 1000, .is_instance = false});
    EXPECT_FALSE(locks.owner(path, os::Look::thorough).value()->is_instance);
    EXPECT_FALSE(locks.try_lock(path, 0644)->owner.is_instance);
}

TEST_F(FakeFileLocksTest, FailsOnDemand) {
    locks.failures().fail_next("try_lock", ENOLCK, path);
    EXPECT_EQ(errno_of_locking(), ENOLCK);
    locks.failures().fail_next("owner", EIO);
    EXPECT_FALSE(locks.owner(path, os::Look::thorough));
    const auto held = lock();
    locks.failures().fail_next("write", ENOSPC);
    EXPECT_EQ(held->write("1").error().errno_value, ENOSPC);
}

}  // namespace
}  // namespace servicekit::mocks
