#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace servicekit::os {

/// A lock on a file, as the kernel lists it in /proc/locks.
struct KernelLock {
    enum class Kind {
        fcntl,      ///< fcntl(2), F_SETLK: held by a process
        flock,      ///< flock(2): held by an open file
        open_file,  ///< fcntl(2), F_OFD_SETLK: held by an open file; the kernel reports no owner
    };
    Kind kind = Kind::fcntl;
    bool exclusive = true;
    pid_t pid = 0;  ///< the process that took it; 0 if it is unknown

    friend bool operator==(const KernelLock&, const KernelLock&) = default;
};

/// A file as /proc/locks identifies it.
struct KernelFile {
    std::uint64_t device_major = 0;
    std::uint64_t device_minor = 0;
    std::uint64_t inode = 0;
};

/// Returns the locks of `file` from a text in the format of /proc/locks (proc_locks(5)), without those that still wait.
[[nodiscard]] std::vector<KernelLock> parse_kernel_locks(std::string_view table, const KernelFile& file);

/// Returns the locks that are held on an open file, except those of processes in pid
/// namespaces that are not visible here.
/// \param descriptor may be opened with O_PATH.
[[nodiscard]] std::vector<KernelLock> kernel_locks_on(int descriptor);

}  // namespace servicekit::os
