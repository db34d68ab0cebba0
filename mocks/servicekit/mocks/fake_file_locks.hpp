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

/// Locks on fake files. Who calls is who the FakeProcess is at that moment: as after a fork, the locks of another
/// pid are another process's.
class FakeFileLocks final : public os::FileLocks {
public:
    FakeFileLocks(FakeFiles& files, FakeProcess& process) : files_{&files}, process_{&process} {}

    Result<os::LockAttempt> try_lock(const std::string& path, mode_t permissions) override;
    Result<std::optional<os::LockOwner>> owner(const std::string& path) override;

    /// By the names of the functions of os::FileLocks and os::FileLock; the object is the path.
    FakeFailures& failures() noexcept { return table_->failures; }

    /// The test goes on as this process.
    void as_process(pid_t pid) { process_->set_id(pid); }
    /// Lets somebody have the lock who is not of this test's making: on another machine, a bystander...
    void lock_by(const std::string& path, os::LockOwner owner);
    /// Who has the lock, without being asked by anybody: counts as no operation.
    [[nodiscard]] std::optional<os::LockOwner> holder(const std::string& path) const;
    /// How many locks the process has.
    [[nodiscard]] std::size_t held_by(pid_t pid) const;
    /// The kernel drops what the process had locked; its FileLock objects are worth nothing any more.
    void process_died(pid_t pid);

private:
    class FakeFileLock;
    struct Holding {
        os::LockOwner owner;
        std::uint64_t number;  ///< tells it from a later one on the same file
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
