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

/// Lock policy that locks the pidfile for the life of the service, and writes the pid into it.
/// The lock is the truth, the content a hint for monitors: it is emptied at the end, and the file stays. It stays with
/// whoever made it, too, so that the user whom the service becomes can't write another pid into it.
/// The kernel drops the lock when the process ends, however that happens; so it can't be lost and needs no token.
/// May be moved before it is acquired, and not later.
class PidFileLock final : public LockPolicy {
public:
    struct Options {
        std::string path = {};      ///< absolute; empty: the deployment's pidfile
        mode_t permissions = 0644;  ///< of a new pidfile; 0600 keeps other users from locking it first
        /// A standby tries again when the owner has ended, and after this time in any case; nor does it notice
        /// later than that that it should stop.
        std::chrono::milliseconds retry_interval{100};
    };

    PidFileLock();
    explicit PidFileLock(Options options, const os::Host& host = os::posix_host());
    PidFileLock(PidFileLock&& other) noexcept;
    PidFileLock& operator=(PidFileLock&& other) noexcept;
    ~PidFileLock() override;

    void configure(const Deployment& deployment) override;

    /// Busy, too, while the service runs in one of the deployment's other places.
    /// \pre the last fork is over, and only one thread acquires. The pidfile's directory exists.
    /// \returns an error of ExitCode::permission also where somebody has the lock who is no instance of the service,
    ///          of ExitCode::cannot_create where the pidfile can't be made, locked or written.
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override;
    /// False also where somebody has put another file in the place of the pidfile: no other process sees the lock then.
    [[nodiscard]] bool held() const;
    Result<std::optional<Owner>> owner() override;
    /// `pid-file`: its path.
    [[nodiscard]] Object status_fields() const override;
    void release() noexcept override;

private:
    [[nodiscard]] Result<void> keep(std::unique_ptr<os::FileLock> lock);
    [[nodiscard]] policies::OtherRunDirectories other_run_directories() const;
    /// \param own the lock that was taken just now
    /// \returns the instance in another place that it has to give way to; nothing if there is none
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
    std::unique_ptr<std::mutex> mutex_;  ///< guards lock_; apart, so as to be movable
    std::unique_ptr<os::FileLock> lock_;
};

}  // namespace servicekit
