#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::os {
struct LockOwner;
}

namespace servicekit::policies {
class OtherRunDirectories;
}

namespace servicekit {

/// Lock policy that keeps the pidfile locked while the service runs, and writes the pid into it.
/// Only the lock shows that the service runs; the content is a hint for monitors. At the end the file is emptied and
/// stays. It keeps its first owner, so that the user that the service becomes cannot write another pid into it.
/// The kernel drops the lock whenever and however the process ends. So the lock cannot be lost and needs no token.
/// May be moved only before acquire().
class PidFileLock final : public LockPolicy {
public:
    /// The options. Each has a default.
    struct Options {
        /// Absolute path of the pidfile. Default: empty, which means the pidfile of the deployment.
        std::string path = {};
        /// Permissions of a new pidfile. Change them to 0600 to keep other users from locking the file first.
        mode_t permissions = 0644;
        /// How often a standby instance tries to take the lock, if the end of the holder does not wake it earlier. It
        /// also notices a request to stop within this time. Default: 100 ms.
        std::chrono::milliseconds retry_interval{100};
    };

    PidFileLock();
    /// \param host the operating system; tests pass fakes
    explicit PidFileLock(Options options, const os::Host& host = os::posix_host());
    PidFileLock(PidFileLock&& other) noexcept;
    PidFileLock& operator=(PidFileLock&& other) noexcept;
    ~PidFileLock() override;

    void configure(const Deployment& deployment) override;

    /// Takes the lock. The result is `busy` also if the service runs in one of the deployment's other places.
    /// \pre the service has done its last fork(2). Only one thread calls this. The directory of the pidfile exists.
    /// \returns an error of ExitCode::permission if a process holds the lock that is not an instance of the service; of
    ///          ExitCode::cannot_create if the pidfile cannot be created, locked or written.
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override;
    /// \returns false if the lock is not held, or if another file is at the path, because other processes then cannot
    ///          see the lock.
    [[nodiscard]] bool held() const;
    Result<std::optional<Owner>> owner() override;
    Result<std::optional<Owner>> first_look() override;
    /// `pid-file`: the path.
    [[nodiscard]] Object status_fields() const override;
    [[nodiscard]] bool has_fixed_status() const noexcept override { return true; }
    void release() noexcept override;

private:
    [[nodiscard]] Result<std::optional<Owner>> look(os::Look look);
    [[nodiscard]] Result<void> keep(std::unique_ptr<os::FileLock> lock);
    [[nodiscard]] policies::OtherRunDirectories other_run_directories() const;
    /// \param own the lock that was just taken
    /// \returns the instance in another place that this one has to yield to; nothing if there is none
    [[nodiscard]] Result<std::optional<Owner>> other_instance(os::FileLock& own) const;
    [[nodiscard]] Error bystander(const os::LockOwner& owner) const;
    [[nodiscard]] Error cannot_lock(Error error) const;

    Options options_;
    os::FileLocks* file_locks_;
    os::Process* process_;
    os::ProcessTable* processes_;
    os::Files* files_;
    std::string path_;
    std::vector<std::string> other_pid_files_;
    std::unique_ptr<std::mutex> mutex_;  ///< guards lock_; a pointer, so that the class can be moved
    std::unique_ptr<os::FileLock> lock_;
};

}  // namespace servicekit
