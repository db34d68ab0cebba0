#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {

/// Lock policy that locks nothing, for where something else sees to it that one instance runs: a container.
/// It can't tell who runs. A control policy must not take it for a proof that nobody serves the control socket.
/// May be moved before it is acquired, and not later.
class NoLock final : public LockPolicy {
public:
    struct Options {};

    explicit NoLock(Options /*options*/ = {}) noexcept {}
    NoLock(NoLock&& other) noexcept : held_{other.held_.load()} {}
    NoLock& operator=(NoLock&& other) noexcept {
        held_ = other.held_.load();
        return *this;
    }
    ~NoLock() override = default;

    /// Always acquired, at once.
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override;
    /// Between acquire() and release().
    [[nodiscard]] bool held() const noexcept { return held_; }
    /// Nobody, even while held.
    Result<std::optional<Owner>> owner() override;
    [[nodiscard]] bool tells_owner() const noexcept override { return false; }
    void release() noexcept override { held_ = false; }

private:
    std::atomic<bool> held_{false};
};

}  // namespace servicekit
