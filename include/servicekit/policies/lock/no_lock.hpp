#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/lock.hpp"

namespace servicekit {

/// Lock policy that locks nothing, for where something else sees to it that one instance runs: a container.
/// It can't tell who runs. A control policy must not take it for a proof that nobody serves the control socket.
/// May be moved before it is acquired, and not later.
class NoLock {
public:
    struct Options {};

    explicit NoLock(Options /*options*/ = {}) noexcept {}
    NoLock(NoLock&& other) noexcept : held_{other.held_.load()} {}
    NoLock& operator=(NoLock&& other) noexcept {
        held_ = other.held_.load();
        return *this;
    }
    ~NoLock() = default;

    void configure(const contract::Deployment& /*deployment*/) noexcept {}
    /// Always acquired, at once.
    Result<contract::Acquisition> acquire(contract::LockWait wait, const std::stop_token& stop);
    /// Between acquire() and release().
    [[nodiscard]] bool held() const noexcept { return held_; }
    /// Nobody, even while held.
    Result<std::optional<contract::Owner>> owner();
    [[nodiscard]] bool tells_owner() const noexcept { return false; }
    [[nodiscard]] std::optional<std::uint64_t> token() const noexcept { return std::nullopt; }
    [[nodiscard]] Object status_fields() const { return {}; }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void release() noexcept { held_ = false; }
    /// Never calls it: what locks nothing can't be lost.
    void on_lost(const std::function<void(const Error&)>& /*callback*/) noexcept {}

private:
    std::atomic<bool> held_{false};
};

}  // namespace servicekit
