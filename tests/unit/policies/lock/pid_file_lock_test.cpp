#include "servicekit/policies/lock/pid_file_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "servicekit/mocks/mock_file_locks.hpp"
#include "servicekit/mocks/mock_files.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_process_table.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::ByMove;
using ::testing::InSequence;
using ::testing::NiceMock;
using ::testing::Return;
using ::testing::Throw;

Result<os::LockAttempt> busy_with(os::LockOwner owner) {
    return os::LockAttempt{.lock = nullptr, .owner = std::move(owner)};
}

class PidFileLockTest : public ::testing::Test {
protected:
    static inline const std::string path = "/run/just-another-server.pid";

    void SetUp() override {
        lock.configure({.name = "just-another-server", .run_directory = "/run", .pid_file = path});
    }

    /// Returns the lock that the next attempt gets. It is gone once the policy releases it.
    mocks::MockFileLock& next_lock() {
        auto next = std::make_unique<NiceMock<mocks::MockFileLock>>();
        mocks::MockFileLock& result = *next;
        EXPECT_CALL(file_locks, try_lock(path, _))
            .WillOnce(Return(ByMove(Result<os::LockAttempt>{os::LockAttempt{.lock = std::move(next)}})));
        return result;
    }

    Result<Acquisition> acquire() { return lock.acquire(LockWait::fail_fast, {}); }

    NiceMock<mocks::MockFileLocks> file_locks;
    NiceMock<mocks::MockProcess> process;
    NiceMock<mocks::MockProcessTable> processes;
    NiceMock<mocks::MockFiles> files;
    os::Host host{.files = &files, .locks = &file_locks, .process = &process, .processes = &processes};
    PidFileLock lock{{.retry_interval = 1ms}, host};
};

TEST_F(PidFileLockTest, LocksTheDeploymentsPidFileReadableForMonitors) {
    EXPECT_CALL(file_locks, try_lock(path, mode_t{0644}));
    EXPECT_EQ(acquire().value().state, Acquisition::State::acquired);
}

TEST_F(PidFileLockTest, LocksThePathOfTheOptions) {
    PidFileLock named{{.path = "/srv/other.pid", .permissions = 0600}, host};
    named.configure({.name = "x", .run_directory = "/run", .pid_file = path});
    EXPECT_CALL(file_locks, try_lock("/srv/other.pid", mode_t{0600}));
    ASSERT_TRUE(named.acquire(LockWait::fail_fast, {}));
    EXPECT_EQ(named.status_fields(), (Object{{"pid-file", "/srv/other.pid"}}));
}

TEST_F(PidFileLockTest, WritesThePidOnceItIsLocked) {
    EXPECT_CALL(next_lock(), write("4711\n"));
    ASSERT_TRUE(acquire());
    EXPECT_TRUE(lock.held());
}

TEST_F(PidFileLockTest, ReturnsAFormerOwnerThatDidNotReleaseIt) {
    for (const auto& [found, pid] : {std::pair<std::string, std::optional<pid_t>>{"99\n", 99},
                                     {"", {}},
                                     {"99", {}},  // a line that was cut
                                     {"-1\n", {}},
                                     {"99 \n", {}},
                                     {"99999999999\n", {}},
                                     {"pid\n", {}}}) {
        EXPECT_CALL(file_locks, try_lock).WillOnce([content = found] {
            return os::LockAttempt{.lock = std::make_unique<NiceMock<mocks::MockFileLock>>(), .found = content};
        });
        EXPECT_EQ(acquire().value().left_by, pid) << found;
        lock.release();
    }
}

TEST_F(PidFileLockTest, IsNotHeldIfThePidCannotBeWritten) {
    EXPECT_CALL(next_lock(), write).WillOnce(Return(Result<void>{os_error("write", path, ENOSPC)}));
    const auto result = acquire();
    EXPECT_EQ(result.error().exit_code, ExitCode::cannot_create);
    EXPECT_EQ(result.error().action, "write");
    EXPECT_FALSE(lock.held());
}

TEST_F(PidFileLockTest, AMissingDirectoryIsACreationError) {
    EXPECT_CALL(file_locks, try_lock).WillOnce([] {
        return Result<os::LockAttempt>{os_error("open", "just-another-server.pid", ENOENT)};
    });
    const auto result = acquire();
    EXPECT_EQ(result.error().exit_code, ExitCode::cannot_create);
    EXPECT_EQ(result.error().message(), "cannot lock '" + path + "': No such file or directory");
}

TEST_F(PidFileLockTest, AMissingPermissionIsAPermissionError) {
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return Result<os::LockAttempt>{os_error("open", path, EACCES)}; });
    EXPECT_EQ(acquire().error().exit_code, ExitCode::permission);
}

TEST_F(PidFileLockTest, IsBusyWithItsOwner) {
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 99, .uid = 0U}); });
    const auto result = acquire();
    EXPECT_EQ(result.value().state, Acquisition::State::busy);
    EXPECT_EQ(result.value().owner.pid, 99);
    EXPECT_EQ(result.value().owner.where, "pid 99");
    EXPECT_TRUE(result.value().owner.is_instance);
    EXPECT_FALSE(lock.held());
}

TEST_F(PidFileLockTest, IsBusyWithAnUnknownOwner) {
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 0}); });
    EXPECT_EQ(acquire().value().owner.where, "an unknown process");
}

TEST_F(PidFileLockTest, NamesABystanderByPidAndUser) {
    EXPECT_CALL(file_locks, try_lock).WillOnce([] {
        return busy_with({.pid = 99, .uid = 1000U, .is_instance = false});
    });
    const auto result = acquire();
    EXPECT_EQ(result.error().exit_code, ExitCode::permission);
    EXPECT_EQ(result.error().message(),
              "cannot lock '" + path + "': locked by pid 99 of user 1000, which is not an instance of it");
}

TEST_F(PidFileLockTest, NamesABystanderWithoutAKnownUser) {
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 0, .is_instance = false}); });
    EXPECT_EQ(lock.acquire(LockWait::wait, {}).error().reason,
              "locked by an unknown process, which is not an instance of it");
}

TEST_F(PidFileLockTest, StandbyTriesAgainWhenTheOwnerHasEnded) {
    InSequence sequence;
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 99}); });
    EXPECT_CALL(processes, wait_for_end(99, 1ms)).WillOnce(Return(true));
    EXPECT_CALL(file_locks, try_lock);
    EXPECT_EQ(lock.acquire(LockWait::wait, {}).value().state, Acquisition::State::acquired);
}

TEST_F(PidFileLockTest, StandbyTriesAgainWhileTheOwnerRuns) {
    InSequence sequence;
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 99}); });
    EXPECT_CALL(processes, wait_for_end(99, _)).WillOnce(Return(false));
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 99}); });
    EXPECT_CALL(processes, wait_for_end(99, _)).WillOnce(Return(false));
    EXPECT_CALL(file_locks, try_lock);
    EXPECT_EQ(lock.acquire(LockWait::wait, {}).value().state, Acquisition::State::acquired);
}

TEST_F(PidFileLockTest, StandbyStopsWatchingAnOwnerThatEnded) {
    EXPECT_CALL(file_locks, try_lock)
        .WillOnce([] { return busy_with({.pid = 99}); })
        .WillOnce([] { return busy_with({.pid = 99}); })
        .WillOnce([] { return os::LockAttempt{.lock = std::make_unique<NiceMock<mocks::MockFileLock>>()}; });
    EXPECT_CALL(processes, wait_for_end(99, _)).WillOnce(Return(true));
    EXPECT_EQ(lock.acquire(LockWait::wait, {}).value().state, Acquisition::State::acquired);
}

TEST_F(PidFileLockTest, StandbyEndsOnRequest) {
    std::stop_source source;
    EXPECT_CALL(file_locks, try_lock).WillOnce([] { return busy_with({.pid = 99}); });
    EXPECT_CALL(processes, wait_for_end(99, _)).WillOnce([&source] {
        source.request_stop();
        return false;
    });
    EXPECT_EQ(lock.acquire(LockWait::wait, source.get_token()).value().state, Acquisition::State::cancelled);
    EXPECT_FALSE(lock.held());
}

TEST_F(PidFileLockTest, StandbyEndsOnRequestWithAnUnknownOwner) {
    std::stop_source source;
    EXPECT_CALL(file_locks, try_lock).WillOnce([&source] {
        source.request_stop();
        return busy_with({.pid = 0});
    });
    EXPECT_CALL(processes, wait_for_end).Times(0);
    EXPECT_EQ(lock.acquire(LockWait::wait, source.get_token()).value().state, Acquisition::State::cancelled);
}

TEST_F(PidFileLockTest, OwnerIsThisProcessWhileHeld) {
    ASSERT_TRUE(acquire());
    EXPECT_CALL(file_locks, owner).Times(0);
    const auto owner = lock.owner().value();
    ASSERT_TRUE(owner.has_value());
    EXPECT_EQ(owner->pid, 4711);
    EXPECT_EQ(owner->where, "pid 4711");
}

TEST_F(PidFileLockTest, FindsTheOwnerWithoutTakingTheLock) {
    EXPECT_CALL(file_locks, try_lock).Times(0);
    EXPECT_CALL(file_locks, owner(path, os::Look::thorough)).WillOnce([] {
        return std::optional<os::LockOwner>{{.pid = 99, .is_instance = false}};
    });
    const auto owner = lock.owner().value();
    ASSERT_TRUE(owner.has_value());
    EXPECT_EQ(owner->pid, 99);
    EXPECT_FALSE(owner->is_instance);
}

TEST_F(PidFileLockTest, TheFirstLookIsNotThorough) {
    EXPECT_CALL(file_locks, owner(path, os::Look::first)).WillOnce([] {
        return std::optional<os::LockOwner>{{.pid = 99}};
    });
    EXPECT_EQ(lock.first_look().value()->pid, 99);
}

TEST_F(PidFileLockTest, HasNoOwnerIfTheLockIsFree) { EXPECT_FALSE(lock.owner().value().has_value()); }

TEST_F(PidFileLockTest, ReportsThatTheOwnerCannotBeFound) {
    EXPECT_CALL(file_locks, owner).WillOnce([] {
        return Result<std::optional<os::LockOwner>>{os_error("open", path, EACCES)};
    });
    EXPECT_EQ(lock.owner().error().exit_code, ExitCode::permission);
}

TEST_F(PidFileLockTest, IsNotHeldOnceThePidFileIsReplaced) {
    EXPECT_CALL(next_lock(), still_at_path).WillRepeatedly(Return(false));
    ASSERT_TRUE(acquire());
    EXPECT_FALSE(lock.held());
    EXPECT_CALL(file_locks, owner(path, os::Look::thorough)).WillOnce([] {
        return std::optional<os::LockOwner>{{.pid = 99}};
    });
    EXPECT_EQ(lock.owner().value()->pid, 99);
}

TEST_F(PidFileLockTest, ReleaseEmptiesThePidFileFirst) {
    InSequence sequence;
    mocks::MockFileLock& file_lock = next_lock();
    EXPECT_CALL(file_lock, write("4711\n"));
    EXPECT_CALL(file_lock, write(""));
    ASSERT_TRUE(acquire());
    lock.release();
    EXPECT_FALSE(lock.held());
}

TEST_F(PidFileLockTest, ReleasesEvenIfThePidFileCannotBeEmptied) {
    mocks::MockFileLock& file_lock = next_lock();
    EXPECT_CALL(file_lock, write("4711\n"));
    EXPECT_CALL(file_lock, write("")).WillOnce(Return(Result<void>{os_error("write", path, EIO)}));
    ASSERT_TRUE(acquire());
    lock.release();
    EXPECT_FALSE(lock.held());
}

TEST_F(PidFileLockTest, ReleasesWithoutMemory) {
    mocks::MockFileLock& file_lock = next_lock();
    ASSERT_TRUE(acquire());
    EXPECT_CALL(file_lock, write("")).WillOnce(Throw(std::bad_alloc{}));
    lock.release();
    EXPECT_FALSE(lock.held());
}

TEST_F(PidFileLockTest, MayBeReleasedAnyTimeAndTakenAgain) {
    lock.release();
    ASSERT_TRUE(acquire());
    lock.release();
    lock.release();
    EXPECT_EQ(acquire().value().state, Acquisition::State::acquired);
    EXPECT_TRUE(lock.held());
}

TEST_F(PidFileLockTest, ShowsThePidFileInTheStatus) { EXPECT_EQ(lock.status_fields(), (Object{{"pid-file", path}})); }

TEST_F(PidFileLockTest, HasOneLevelAndNoToken) {
    ASSERT_TRUE(acquire());
    EXPECT_EQ(lock.token(), std::nullopt);
    EXPECT_FALSE(lock.has_standby());
    EXPECT_TRUE(lock.is_active());
    lock.release();
}

TEST_F(PidFileLockTest, CanBeMovedBeforeUse) {
    PidFileLock moved{std::move(lock)};
    ASSERT_TRUE(moved.acquire(LockWait::fail_fast, {}));
    EXPECT_TRUE(moved.held());
    moved.release();
    EXPECT_FALSE(moved.held());
}

}  // namespace
}  // namespace servicekit
