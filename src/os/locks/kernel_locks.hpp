#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace servicekit::os {

/// A lock that somebody holds on a file, as the kernel lists it in /proc/locks.
struct KernelLock {
    enum class Kind {
        fcntl,      ///< fcntl(2), F_SETLK: a process's
        flock,      ///< flock(2): an open file's
        open_file,  ///< fcntl(2), F_OFD_SETLK: an open file's, with nobody told as its owner
    };
    Kind kind = Kind::fcntl;
    bool exclusive = true;
    pid_t pid = 0;  ///< who took it; 0 where it can't be told

    friend bool operator==(const KernelLock&, const KernelLock&) = default;
};

/// A file as /proc/locks names it.
struct KernelFile {
    std::uint64_t device_major = 0;
    std::uint64_t device_minor = 0;
    std::uint64_t inode = 0;
};

/// The locks of `file` in a text that has the format of /proc/locks (proc_locks(5)); those that still wait are none.
[[nodiscard]] std::vector<KernelLock> parse_kernel_locks(std::string_view table, const KernelFile& file);

/// The locks that are held on an open file, save for those of processes in pid namespaces that can't be seen from here.
/// \param descriptor may be opened with O_PATH.
[[nodiscard]] std::vector<KernelLock> kernel_locks_on(int descriptor);

}  // namespace servicekit::os
