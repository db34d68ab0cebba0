#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// The identity of a file, independent of its path. The order of files is the same in all processes.
struct FileIdentity {
    std::uint64_t device = 0;  ///< `st_dev` of stat(2)
    std::uint64_t inode = 0;   ///< `st_ino` of stat(2)
    friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// The holder of the lock of a file, as the kernel reports it.
struct LockOwner {
    pid_t pid = 0;                  ///< 0 if unknown: a holder in another pid namespace
    std::optional<uid_t> uid = {};  ///< the holder's effective uid, if it can be read
    bool is_instance = true;        ///< false for another kind of lock in the way (a read lock, another user's flock)
    FileIdentity file = {};         ///< the file that is locked
    /// The beginning of the file, as far as owner() may read it; a few hundred bytes at most.
    std::string content = {};
};

/// A lock that is held until it is destroyed or the process ends.
///
/// It consists of three locks, because each alone is not enough. A registry in the process, by device and inode,
/// prevents the process from opening its own file again; closing it would release the lock. The lock of fcntl(2) has
/// the pid of its owner. The lock of flock(2) survives if the program itself opens and closes the file.
/// A child of fork(2) does not keep the lock: its copy of the descriptor is closed.
class FileLock {
public:
    virtual ~FileLock() = default;
    /// Replaces the content of the locked file, through the held descriptor. A concurrent reader of the first line gets
    /// the old line, the new one or none, but never a mixture.
    virtual Result<void> write(std::string_view content) = 0;
    /// The identity of the locked file.
    [[nodiscard]] virtual FileIdentity file() const = 0;
    /// \returns false if another file is at the path. Other processes can then no longer see the lock.
    [[nodiscard]] virtual bool still_at_path() const = 0;
};

/// The result of an attempt: the lock, or its holder.
struct LockAttempt {
    std::unique_ptr<FileLock> lock;  ///< null if another process has it
    LockOwner owner = {};            ///< valid if `lock` is null
    std::string found = {};          ///< the beginning of the file when it was locked; a few hundred bytes at most
};

/// How the owner of a lock is looked for.
enum class Look {
    /// Asks F_GETLK, then /proc/locks. The kernel makes a reader of that file wait, up to 16 ms (measured).
    thorough,
    /// Does not read /proc/locks if F_GETLK finds no lock and the caller may write the file, so that it can find out by
    /// try_lock(). Misses an owner that has lost its lock of fcntl(2).
    first,
};

/// Exclusive locks on files, visible to all processes of the machine.
class FileLocks {
public:
    virtual ~FileLocks() = default;
    /// Creates the file if it does not exist (with `permissions`, whatever the umask), and tries to lock it. If an
    /// existing file belongs to another user, the caller becomes its owner once it is locked, and it gets
    /// `permissions`, because its old owner could write another pid into it. If the file is the caller's own,
    /// permissions beyond `permissions` are removed. A failure of these changes is ignored.
    /// Never waits. Does not follow a symbolic link at the last step. The file must be a regular file.
    virtual Result<LockAttempt> try_lock(const std::string& path, mode_t permissions) = 0;
    /// Returns the holder of the lock without ever taking it.
    /// \returns nothing if the lock is free, also if the file does not exist
    virtual Result<std::optional<LockOwner>> owner(const std::string& path, Look look) = 0;
};

/// Returns the real implementation.
[[nodiscard]] FileLocks& posix_file_locks();

}  // namespace servicekit::os
