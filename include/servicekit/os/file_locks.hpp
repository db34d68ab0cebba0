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

/// Which file something is, whatever its path. All processes have the same order of files.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// Who holds the lock of a file, as the kernel tells.
struct LockOwner {
    pid_t pid = 0;                  ///< 0 where nobody can tell: a holder in another pid namespace
    std::optional<uid_t> uid = {};  ///< the holder's effective uid, where it can be read
    bool is_instance = true;        ///< false: a bystander's lock (a mere read lock, another user's flock)
    FileIdentity file = {};
    std::string content = {};  ///< how the file begins, as far as owner() may read it; a few hundred bytes at most
};

/// A lock that is held until release() or the end of the process.
///
/// It is three locks in one, since each alone fails: a registry in the process by device and inode
/// keeps the process from opening (and so, by closing, from unlocking) its own file; fcntl(2)'s lock
/// tells its owner's pid; flock(2)'s survives when the program opens and closes the file by itself.
/// A child of fork(2) does not keep it alive: its copy of the descriptor is closed there.
class FileLock {
public:
    virtual ~FileLock() = default;
    /// Replaces the content of the locked file, through the held descriptor. Who reads the first line at that
    /// moment finds the old one, the new one or none, but no mixture.
    virtual Result<void> write(std::string_view content) = 0;
    [[nodiscard]] virtual FileIdentity file() const = 0;
    /// False once another file stands at the path: then others can no longer see the lock.
    [[nodiscard]] virtual bool still_at_path() const = 0;
};

/// What came of trying: the lock, or who has it.
struct LockAttempt {
    std::unique_ptr<FileLock> lock;  ///< null where somebody else has it
    LockOwner owner = {};            ///< meaningful where `lock` is null
    std::string found = {};          ///< how the file began when it was locked; a few hundred bytes at most
};

/// Exclusive locks on files, seen by all processes of the machine.
class FileLocks {
public:
    virtual ~FileLocks() = default;
    /// Creates the file where there is none (with `permissions`, whatever the umask), and tries to lock it.
    /// Another user's that was there becomes the caller's, with `permissions`, once it is locked, as its owner could write
    /// into it, and is believed to be the service's user; of its own it takes what is not in `permissions`. If it may.
    /// Never waits. Follows no symbolic link at the last step; the file must be a regular one.
    virtual Result<LockAttempt> try_lock(const std::string& path, mode_t permissions) = 0;
    /// Asks the lock itself, without ever taking it, who has it: F_GETLK, then /proc/locks.
    /// \returns nothing where it is free, also where there is no such file.
    virtual Result<std::optional<LockOwner>> owner(const std::string& path) = 0;
};

[[nodiscard]] FileLocks& posix_file_locks();

}  // namespace servicekit::os
