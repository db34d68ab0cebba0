#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/os/file_locks.hpp"

namespace servicekit::mocks {

/// Locks on fake files. The caller is the process that FakeProcess currently is. The locks of another pid belong to
/// another process, as after a fork.
class FakeFileLocks final : public os::FileLocks {
public:
    FakeFileLocks(FakeFiles& files, FakeProcess& process) : files_{&files}, process_{&process} {}

    Result<os::LockAttempt> try_lock(const std::string& path, mode_t permissions) override;
    Result<std::optional<os::LockOwner>> owner(const std::string& path, os::Look look) override;

    /// Failures of the functions of os::FileLocks and os::FileLock, by their names; the object is the path.
    FakeFailures& failures() noexcept { return table_->failures; }

    /// Continues the test as this process.
    void as_process(pid_t pid) { process_->set_id(pid); }
    /// Gives the lock to a process outside the test, such as one on another machine.
    void lock_by(const std::string& path, os::LockOwner owner);
    /// Returns the owner of the lock. Does not count as an operation.
    [[nodiscard]] std::optional<os::LockOwner> holder(const std::string& path) const;
    /// Returns the number of locks that the process holds.
    [[nodiscard]] std::size_t held_by(pid_t pid) const;
    /// Releases the locks of the process, like the kernel; its FileLock objects no longer have any effect.
    void process_died(pid_t pid);

private:
    class FakeFileLock;
    struct Holding {
        os::LockOwner owner;
        std::uint64_t number;  ///< distinguishes it from a later lock on the same file
    };
    struct Table {
        std::map<std::uint64_t, Holding> by_inode = {};
        std::uint64_t last_number = 0;
        FakeFailures failures{"try_lock", "owner", "write"};
    };

    [[nodiscard]] Result<FakeFileTree::Node> find(const std::string& path, mode_t permissions);

    FakeFiles* files_;
    FakeProcess* process_;
    std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace servicekit::mocks
