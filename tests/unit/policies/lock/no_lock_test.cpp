#include "servicekit/policies/lock/no_lock.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace servicekit {
namespace {

TEST(NoLockTest, IsAlwaysAcquired) {
    NoLock one;
    NoLock other;
    EXPECT_EQ(one.acquire(LockWait::fail_fast, {}).value().state, Acquisition::State::acquired);
    EXPECT_EQ(one.acquire(LockWait::fail_fast, {}).value().state, Acquisition::State::acquired);
    EXPECT_EQ(other.acquire(LockWait::wait, {}).value().state, Acquisition::State::acquired);
}

TEST(NoLockTest, IsHeldFromAcquireToRelease) {
    NoLock lock;
    EXPECT_FALSE(lock.held());
    ASSERT_TRUE(lock.acquire(LockWait::fail_fast, {}));
    EXPECT_TRUE(lock.held());
    lock.release();
    lock.release();
    EXPECT_FALSE(lock.held());
}

TEST(NoLockTest, HasNoOwnerEvenWhileHeld) {
    NoLock lock;
    lock.configure({.name = "just-another-server", .run_directory = "/run", .pid_file = "/run/x.pid"});
    ASSERT_TRUE(lock.acquire(LockWait::fail_fast, {}));
    EXPECT_FALSE(lock.owner().value().has_value());
    EXPECT_FALSE(lock.tells_owner());
}

TEST(NoLockTest, HasNoStatusAndOneLevel) {
    NoLock lock;
    ASSERT_TRUE(lock.acquire(LockWait::fail_fast, {}));
    EXPECT_TRUE(lock.status_fields().empty());
    EXPECT_EQ(lock.token(), std::nullopt);
    EXPECT_FALSE(lock.has_standby());
    EXPECT_TRUE(lock.is_active());
    lock.release();
}

TEST(NoLockTest, CanBeMovedBeforeUse) {
    NoLock source;
    NoLock lock{std::move(source)};
    ASSERT_TRUE(lock.acquire(LockWait::fail_fast, {}));
    NoLock assigned;
    assigned = std::move(lock);
    EXPECT_TRUE(assigned.held());
}

}  // namespace
}  // namespace servicekit
