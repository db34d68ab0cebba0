#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/file_locks.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/process_table.hpp"

namespace servicekit::policies {

/// The pidfiles of all other places where the same service of the same user may run.
///
/// If several instances start at once in different places, one of them runs. Each locks its own pidfile, then looks at
/// the others, and only then writes its pid. So of two instances that start, at least one sees the lock of the other.
/// An instance gives way to a lock whose file contains a pid, and to one whose file precedes its own in the order of
/// device and inode. For any other lock it waits: its owner has not looked yet, and will give way or write its pid.
class OtherRunDirectories {
public:
    struct Instance {
        std::string pid_file;
        os::LockOwner owner;
    };

    OtherRunDirectories(std::vector<std::string> pid_files, os::FileLocks& locks, os::Files& files,
                        os::Process& process, os::ProcessTable& processes)
        : pid_files_{std::move(pid_files)}, locks_{locks}, files_{files}, process_{process}, processes_{processes} {}

    /// Returns any instance that holds a lock now.
    [[nodiscard]] Result<std::optional<Instance>> look(os::Look look) const;
    /// Returns the instance that has precedence.
    /// \param own the lock of the caller's pidfile, which contains no pid yet
    /// \returns nothing if the caller is to run
    [[nodiscard]] Result<std::optional<Instance>> give_way(const os::FileLock& own) const;

private:
    [[nodiscard]] Result<std::optional<os::LockOwner>> owner_of(const std::string& pid_file, os::Look look) const;
    /// Returns false for a lock of another user, or one in a directory in which another user could have put it.
    [[nodiscard]] bool counts(const std::string& pid_file, const os::LockOwner& owner) const;
    void pause_for(const os::LockOwner& owner) const;

    std::vector<std::string> pid_files_;
    os::FileLocks& locks_;
    os::Files& files_;
    os::Process& process_;
    os::ProcessTable& processes_;
};

}  // namespace servicekit::policies
