#include "servicekit/os/file_locks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/interprocess/sync/file_lock.hpp>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "os/descriptor.hpp"
#include "os/files/path_end.hpp"
#include "os/locks/lock_holders.hpp"
#include "os/process/fork_guard.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::os {
namespace {

using FcntlLock = boost::interprocess::file_lock;
using FileStat = struct stat;

bool is_same_file(const FileStat& a, const FileStat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

/// The fcntl locks of this process, by device, inode and the process that took them.
///
/// The kernel drops a process's fcntl lock as soon as the process closes any descriptor of the file, and lets the
/// process lock the same file a second time. So code that opens a file that may be locked first checks here, and keeps
/// the mutex until it has closed the file again.
///
/// The process is part of the key, since a child of fork(2) has a copy of the entries but not of the locks. The child
/// ignores and keeps them: the number of Boost's descriptor may refer to another file there.
class Registry {
public:
    [[nodiscard]] std::unique_lock<std::mutex> enter() { return std::unique_lock{mutex_}; }

    /// \pre enter() holds the mutex
    [[nodiscard]] bool has(const FileStat& file) const { return locks_.count(key(file)) == 1; }
    void add(const FileStat& file, FcntlLock lock) { locks_.insert_or_assign(key(file), std::move(lock)); }
    void remove(const FileStat& file) { locks_.erase(key(file)); }

private:
    using Key = std::tuple<dev_t, ino_t, pid_t>;
    static Key key(const FileStat& file) { return {file.st_dev, file.st_ino, ::getpid()}; }

    std::mutex mutex_;
    std::map<Key, FcntlLock> locks_;
};

// Never destroyed: a lock with static storage may be released after any other static object is gone.
Registry& registry() {
    static Registry& only = *new Registry;
    return only;
}

class PosixFileLock final : public FileLock {
public:
    /// Takes over both locks.
    /// \pre the registry is entered
    PosixFileLock(std::string path, Descriptor file, const FileStat& identity, FcntlLock fcntl_lock)
        : path_{std::move(path)}, file_{std::move(file)}, identity_{identity} {
        registry().add(identity_, std::move(fcntl_lock));
    }
    PosixFileLock(const PosixFileLock&) = delete;
    PosixFileLock& operator=(const PosixFileLock&) = delete;

    ~PosixFileLock() override {
        if (!is_own_process()) {
            // The fork guard has closed the descriptor here, and another file may have its number by now.
            static_cast<void>(file_.release());
            return;
        }
        if (!file_) return;
        const auto entered = registry().enter();
        release();
    }

    /// Called at most once; then only the destructor may follow.
    /// \pre the registry is entered, in the process that took the lock
    void release() {
        // Unlocks explicitly, so that a copy in a child that was forked without the fork guard keeps no lock. Unlocks
        // before the fcntl lock, so that the next process that gets the fcntl lock finds this one free.
        ::flock(file_.get(), LOCK_UN);
        forget(file_.get());
        registry().remove(identity_);
        file_.reset();
    }

    Result<void> write(std::string_view content) override {
        if (!is_own_process()) return not_ours("write");
        // Readers take no lock, and must never see the start of one pid with the end of another. So the file is first
        // emptied and then written in one call: the kernel updates the size only when all of it is there. Overwriting
        // in place would show the last digits of a longer old pid for an instant.
        // (A read on tmpfs that overlaps all of this may still return the new end after the old line: measured.)
        if (::ftruncate(file_.get(), 0) != 0) return os_error("write", path_, errno);
        std::size_t written = 0;
        while (written < content.size()) {
            const std::string_view rest = content.substr(written);
            const ssize_t count = ::pwrite(file_.get(), rest.data(), rest.size(), static_cast<off_t>(written));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return os_error("write", path_, count < 0 ? errno : EIO);
            written += static_cast<std::size_t>(count);
        }
        return {};
    }

    FileIdentity file() const override { return {identity_.st_dev, identity_.st_ino}; }

    bool still_at_path() const override {
        FileStat there{};
        return is_own_process() && ::lstat(path_.c_str(), &there) == 0 && is_same_file(there, identity_);
    }

private:
    [[nodiscard]] bool is_own_process() const { return ::getpid() == process_; }

    [[nodiscard]] Error not_ours(const char* action) const {
        return Error{ExitCode::internal, action, path_, "the lock is the parent process's", EPERM};
    }

    std::string path_;
    Descriptor file_;
    FileStat identity_;
    pid_t process_ = ::getpid();
};

Result<LockAttempt> busy(LockOwner owner) { return LockAttempt{.lock = nullptr, .owner = std::move(owner)}; }

LockOwner ourselves() { return LockOwner{::getpid(), ::geteuid(), true}; }

/// Returns the reason why a file of this type must not be locked, if there is one.
std::optional<Error> refusal(const std::string& path, const FileStat& status) {
    if (S_ISREG(status.st_mode)) return std::nullopt;
    if (S_ISLNK(status.st_mode)) return Error{ExitCode::os, "lock", path, "it is a symbolic link", ELOOP};
    if (S_ISDIR(status.st_mode)) return os_error("lock", path, EISDIR);
    return Error{ExitCode::os, "lock", path, "it is not a regular file", EINVAL};
}

/// Opens a descriptor that identifies the file. Closing it drops no lock.
Descriptor pin(const PathEnd& end) {
    return Descriptor{open_uninterrupted_at(end.directory(), end.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
}

std::string path_of(const Descriptor& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

/// Opens the pinned file itself, even if another file is at its path by now.
/// \returns none with ESTALE if it can only be opened by its path, and another file is there.
Descriptor open_pinned(const Descriptor& pinned, const FileStat& status, const PathEnd& end, int access) {
    // Non-blocking, as opening a file under a lease would wait for the lease holder.
    const int flags = access | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    Descriptor file{open_uninterrupted(path_of(pinned).c_str(), flags)};
    if (file || errno != ENOENT) return file;

    // /proc is not mounted, as in some chroots.
    file.reset(open_uninterrupted_at(end.directory(), end.name(), flags | O_NOFOLLOW));
    FileStat opened{};
    if (!file || (::fstat(file.get(), &opened) == 0 && is_same_file(opened, status))) return file;
    // If this process holds a lock on the opened file, closing it would drop the lock. Leaking a descriptor is better.
    if (registry().has(opened)) static_cast<void>(file.release());
    file.reset();
    errno = ESTALE;
    return file;
}

std::string beginning_of(const Descriptor& file) {
    std::array<char, 512> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by pread()
    const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), 0);
    return count > 0 ? std::string{bytes.data(), static_cast<std::size_t>(count)} : std::string{};
}

Descriptor create(const PathEnd& end, mode_t permissions) {
    constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
    Descriptor file{open_uninterrupted_at(end.directory(), end.name(), flags, permissions)};
    // Some file systems keep no permissions. That does no harm, as the lock decides, not the content.
    if (file && ::fchmod(file.get(), permissions) != 0 && !is_refused_by_file_system(os_error("", "", errno)))
        file.reset();
    return file;
}

/// Makes Boost's descriptor close-on-exec, which Boost neither does nor gives access to.
void keep_from_programs(const FileStat& identity) {
    DIR* directory = uninterrupted([&] { return ::opendir("/proc/self/fd"); });
    if (directory == nullptr) return;
    while (const dirent* entry = ::readdir(directory)) {
        FileStat status{};
        const int descriptor = std::atoi(entry->d_name);
        if (entry->d_name[0] == '.' || ::fstat(descriptor, &status) != 0 || !is_same_file(status, identity)) continue;
        const int flags = ::fcntl(descriptor, F_GETFD);
        if (flags >= 0) ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    }
    ::closedir(directory);
}

/// \returns nothing if another process has the lock.
/// \throws boost::interprocess::interprocess_exception
std::optional<FcntlLock> take_fcntl_lock(const Descriptor& file, const FileStat& identity, const std::string& path) {
    // Through our descriptor, so that Boost opens this very file even if another one is at the path by now.
    const std::string same_file = path_of(file);
    FcntlLock lock{::access(same_file.c_str(), F_OK) == 0 ? same_file.c_str() : path.c_str()};
    keep_from_programs(identity);
    if (!lock.try_lock()) return std::nullopt;
    return lock;
}

/// Takes over a file from its former owner once the lock is held, so that no other user may open it for writing.
void adopt(int file, const FileStat& status, mode_t permissions) {
    constexpr mode_t all_permissions = 07777;
    const mode_t found = status.st_mode & all_permissions;
    // If this fails, the file belongs to another user who lets this process write to it, and decides about it.
    const bool is_foreign = status.st_uid != ::geteuid();
    // A file with another name elsewhere may have been linked here by an attacker, so its owner is not changed.
    if (is_foreign && (status.st_nlink != 1 || ::fchown(file, ::geteuid(), ::getegid()) != 0)) return;
    // Permissions that an operator removed from the service's own file stay removed.
    const mode_t wanted = is_foreign ? permissions : found & permissions;
    if (found != wanted) static_cast<void>(::fchmod(file, wanted));
}

/// The outcome of one attempt; nothing if the file or its holder changed during it, so that another attempt is needed.
using Outcome = std::optional<Result<LockAttempt>>;

/// \pre the registry is entered and does not contain the file
Outcome lock_opened(const std::string& path, Descriptor file, mode_t permissions) {
    FileStat identity{};
    if (::fstat(file.get(), &identity) != 0) return os_error("lock", path, errno);
    std::optional<FcntlLock> fcntl_lock;
    try {
        fcntl_lock = take_fcntl_lock(file, identity, path);
    } catch (const boost::interprocess::interprocess_exception& failure) {
        return os_error("lock", path, failure.get_native_error());
    }
    if (!fcntl_lock) {
        const auto holder = lock_holder(file.get(), Look::thorough);
        return holder ? Outcome{busy(*holder)} : std::nullopt;
    }

    // Guarded first, so that at no moment a child could inherit the lock.
    close_in_children(file.get());
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        const int flock_errno = errno;
        forget(file.get());
        if (flock_errno != EWOULDBLOCK) return os_error("lock", path, flock_errno);
        // The holder is an instance that lost its fcntl lock, when its program itself opened and closed the file.
        return busy(flock_holder(file.get()).value_or(LockOwner{}));
    }

    const int descriptor = file.get();
    std::string found = beginning_of(file);
    auto lock = std::make_unique<PosixFileLock>(path, std::move(file), identity, std::move(*fcntl_lock));
    if (!lock->still_at_path()) {
        lock->release();
        return std::nullopt;
    }
    adopt(descriptor, identity, permissions);
    return Result<LockAttempt>{LockAttempt{.lock = std::move(lock), .found = std::move(found)}};
}

/// \pre the registry is entered
Outcome attempt(const PathEnd& end, const std::string& path, mode_t permissions) {
    const Descriptor pinned = pin(end);
    if (!pinned && errno != ENOENT) return os_error("open", path, errno);
    if (!pinned) {
        Descriptor created = create(end, permissions);
        if (created) return lock_opened(path, std::move(created), permissions);
        return errno == EEXIST ? std::nullopt : Outcome{os_error("create", path, errno)};
    }

    FileStat status{};
    if (::fstat(pinned.get(), &status) != 0) return os_error("open", path, errno);
    if (registry().has(status)) return busy(ourselves());
    if (auto error = end.refusal("lock", path, status)) return *error;
    if (auto error = refusal(path, status)) return *error;
    Descriptor file = open_pinned(pinned, status, end, O_RDWR);
    if (file) return lock_opened(path, std::move(file), permissions);
    const bool replaced = errno == ENOENT || errno == ESTALE;
    return replaced ? std::nullopt : Outcome{os_error("open", path, errno)};
}

/// The pidfile stays root's, so it is not opened with the rights of the user that root becomes.
Result<PathEnd> end_of(const std::string& path) {
    if (::geteuid() != 0) return PathEnd::unchecked(path, LastLink::keep);
    return PathEnd::find("create", path, LastLink::keep);
}

class PosixFileLocks final : public FileLocks {
public:
    Result<LockAttempt> try_lock(const std::string& path, mode_t permissions) override {
        const auto entered = registry().enter();
        constexpr int most_attempts = 100;
        for (int count = 0; count < most_attempts; ++count) {
            const auto end = end_of(path);
            if (!end) return end.error();
            if (auto outcome = attempt(*end, path, permissions)) return *std::move(outcome);
        }
        return Error{ExitCode::os, "lock", path, "the file or its holder changed again and again", EBUSY};
    }

    Result<std::optional<LockOwner>> owner(const std::string& path, Look look) override {
        const auto entered = registry().enter();
        // Nothing is written, so the path may lead anywhere.
        const PathEnd end = PathEnd::unchecked(path, LastLink::keep);
        const Descriptor pinned = pin(end);
        if (!pinned && (errno == ENOENT || errno == ENOTDIR)) return std::optional<LockOwner>{};
        FileStat status{};
        if (!pinned || ::fstat(pinned.get(), &status) != 0) return os_error("open", path, errno);
        if (auto error = refusal(path, status)) {
            // Another user may have put it there to mislead root, which the error should report.
            const auto checked = end_of(path);
            const auto because = checked ? checked->refusal("lock", path, status) : std::nullopt;
            return because ? *because : *error;
        }
        const auto described = [&status](LockOwner owner) {
            owner.file = {status.st_dev, status.st_ino};
            return std::optional{std::move(owner)};
        };
        if (registry().has(status)) return described(ourselves());
        const Descriptor file = open_pinned(pinned, status, end, O_RDONLY);
        const bool may_take_it =
            look == Look::first && ::faccessat(AT_FDCWD, path_of(pinned).c_str(), W_OK, AT_EACCESS) == 0;
        // If it cannot be opened, /proc/locks still lists its locks.
        auto holder = lock_holder(file ? file.get() : pinned.get(), may_take_it ? Look::first : Look::thorough);
        if (!holder) return holder;
        if (file) holder->content = beginning_of(file);
        return described(*std::move(holder));
    }
};

}  // namespace

FileLocks& posix_file_locks() {
    static PosixFileLocks locks;
    return locks;
}

}  // namespace servicekit::os
