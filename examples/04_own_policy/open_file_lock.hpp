#pragma once

#include <servicekit/policy/lock_policy.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

/// Locks the pidfile through its open file description (F_OFD_SETLK, fcntl(2)). Unlike a lock of the process, this lock
/// is not lost when the program opens and closes the file elsewhere. A child that never calls exec(3) shares the lock.
/// servicekit/policy/lock_policy.hpp states the contract of each function.
class OpenFileLock final : public servicekit::LockPolicy {
public:
    void configure(const servicekit::Deployment& deployment) override;
    servicekit::Result<servicekit::Acquisition> acquire(servicekit::LockWait wait,
                                                        const std::stop_token& stop) override;
    servicekit::Result<std::optional<servicekit::Owner>> owner() override;
    void release() noexcept override;
    [[nodiscard]] servicekit::Object status_fields() const override;

private:
    using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
    std::string path_;
    File file_{nullptr, &std::fclose};
};
