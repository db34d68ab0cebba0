#include "os/locks/lock_holders.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "os/locks/kernel_locks.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/process_table.hpp"

namespace servicekit::os {
namespace {

using FileStat = struct stat;

/// The lock that conflicts with an fcntl lock of ours, found without taking one.
struct FcntlConflict {
    std::optional<KernelLock> lock;
    bool is_known;  ///< false if the kernel could not be asked
};

FcntlConflict conflicting_fcntl_lock(int descriptor) {
    struct flock wanted {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(descriptor, F_GETLK, &wanted) != 0) return {std::nullopt, false};
    if (wanted.l_type == F_UNLCK) return {std::nullopt, true};
    // 0 is a process in another pid namespace, -1 an open-file-description lock, a lower
    // number a process on another host.
    return {KernelLock{KernelLock::Kind::fcntl, wanted.l_type == F_WRLCK, std::max(wanted.l_pid, 0)}, true};
}

bool only_owner_writes(const FileStat& file) { return (file.st_mode & (S_IWGRP | S_IWOTH)) == 0; }

/// \returns false if the process is known not to have the file open.
bool may_have_open(pid_t pid, const FileStat& file) {
    const std::string path = "/proc/" + std::to_string(pid) + "/fd/";
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{uninterrupted([&] { return ::opendir(path.c_str()); }),
                                                        &::closedir};
    if (!directory) return ::kill(pid, 0) == 0 || errno != ESRCH;
    while (const dirent* entry = ::readdir(directory.get())) {
        FileStat status{};
        if (::stat((path + entry->d_name).c_str(), &status) != 0) {
            if (errno != ENOENT) return true;
        } else if (status.st_dev == file.st_dev && status.st_ino == file.st_ino) {
            return true;
        }
    }
    return false;
}

/// Returns true if the file contains the pid of the process, and only the file's owner can have written it.
bool is_named_in(int descriptor, const FileStat& file, pid_t pid) {
    if (!only_owner_writes(file)) return false;
    std::array<char, 32> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    return size > 0 && std::string_view{text.data(), static_cast<std::size_t>(size)} == std::to_string(pid) + '\n';
}

/// Returns true if a process may be an instance although its user is neither the file's owner nor root nor our own
/// user: a service that became another user leaves the file to its owner.
bool may_be_an_instance(const KernelLock& lock, int descriptor, const FileStat& file) {
    // A write lock of fcntl(2) requires opening the file for writing, a flock does not.
    return lock.kind == KernelLock::Kind::fcntl ? only_owner_writes(file) : is_named_in(descriptor, file, lock.pid);
}

LockOwner judge(const KernelLock& lock, int descriptor, const FileStat& file) {
    LockOwner owner;
    owner.pid = lock.pid;
    // A flock outlives the process that took it if another process has the open file, too. /proc/locks still names the
    // dead process, whose pid another one may have by now.
    if (owner.pid != 0 && lock.kind == KernelLock::Kind::flock && !may_have_open(owner.pid, file)) owner.pid = 0;
    if (owner.pid != 0) owner.uid = posix_process_table().effective_user_of(owner.pid);
    const bool is_strangers = owner.uid && *owner.uid != file.st_uid && *owner.uid != 0 && *owner.uid != ::geteuid();
    owner.is_instance = lock.exclusive && (!is_strangers || may_be_an_instance(lock, descriptor, file));
    return owner;
}

bool tells_more(const LockOwner& a, const LockOwner& b) {
    if (a.is_instance != b.is_instance) return a.is_instance;
    return a.pid != 0 && b.pid == 0;
}

std::optional<LockOwner> best_of(const std::vector<KernelLock>& locks, int descriptor) {
    FileStat file{};
    if (::fstat(descriptor, &file) != 0) return std::nullopt;
    std::optional<LockOwner> best;
    for (const KernelLock& lock : locks)
        if (const LockOwner owner = judge(lock, descriptor, file); !best || tells_more(owner, *best)) best = owner;
    return best;
}

/// How often it looks again, each time after twice the nap, if the holder is unknown. When a process closes its
/// descriptor, the flock outlasts it for a moment. A flock that is passed on by fork(2) names the parent for as long.
constexpr int most_naps = 10;
constexpr std::chrono::milliseconds first_nap{1};

template <class LookOnce>
std::optional<LockOwner> look_until_told(LookOnce look) {
    auto nap = first_nap;
    for (int naps = 0; naps < most_naps; ++naps, nap *= 2) {
        const std::optional<LockOwner> owner = look();
        if (!owner || owner->pid != 0) return owner;
        std::this_thread::sleep_for(nap);
    }
    return look();
}

std::optional<LockOwner> look_at_both(int descriptor, Look look) {
    std::vector<KernelLock> locks;
    const FcntlConflict conflict = conflicting_fcntl_lock(descriptor);
    if (look == Look::first && conflict.is_known && !conflict.lock) return std::nullopt;
    if (conflict.lock) {
        locks.push_back(*conflict.lock);
        const auto owner = best_of(locks, descriptor);
        if (owner && owner->is_instance && owner->pid != 0) return owner;
    }
    for (const KernelLock& lock : kernel_locks_on(descriptor)) locks.push_back(lock);
    return best_of(locks, descriptor);
}

std::optional<LockOwner> look_at_flocks(int descriptor) {
    std::vector<KernelLock> locks = kernel_locks_on(descriptor);
    std::erase_if(locks, [](const KernelLock& lock) { return lock.kind != KernelLock::Kind::flock; });
    return best_of(locks, descriptor);
}

}  // namespace

std::optional<LockOwner> lock_holder(int descriptor, Look look) {
    return look_until_told([=] { return look_at_both(descriptor, look); });
}

std::optional<LockOwner> flock_holder(int descriptor) {
    return look_until_told([descriptor] { return look_at_flocks(descriptor); });
}

}  // namespace servicekit::os
