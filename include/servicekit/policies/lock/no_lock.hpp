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

/// Lock policy that locks nothing. Use it if something else, such as a container, ensures that one instance runs.
/// It cannot find a running instance. A control policy must not take it as proof that nobody serves the control socket.
/// May be moved only before acquire().
class NoLock final : public LockPolicy {
public:
    struct Options {};

    /// Takes options, as every policy does. It has none.
    explicit NoLock(Options /*options*/ = {}) noexcept {}
    /// Keeps the state of held().
    NoLock(NoLock&& other) noexcept : held_{other.held_.load()} {}
    /// Keeps the state of held().
    NoLock& operator=(NoLock&& other) noexcept {
        held_ = other.held_.load();
        return *this;
    }
    ~NoLock() override = default;

    /// Always succeeds at once.
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override;
    /// True between acquire() and release().
    [[nodiscard]] bool held() const noexcept { return held_; }
    /// Always nothing, even while held.
    Result<std::optional<Owner>> owner() override;
    [[nodiscard]] bool tells_owner() const noexcept override { return false; }
    void release() noexcept override { held_ = false; }

private:
    std::atomic<bool> held_{false};
};

}  // namespace servicekit
