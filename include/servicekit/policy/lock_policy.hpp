#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/policy.hpp"

namespace servicekit {

/// What LockPolicy::acquire() does while another process has the lock.
enum class LockWait {
    fail_fast,  ///< return at once if the lock is busy
    wait,       ///< wait until the lock is free or the stop token is triggered: a standby instance
};

/// The holder of the lock.
struct Owner {
    pid_t pid = 0;                  ///< 0 if unknown (another host, another pid namespace)
    std::string where = {};         ///< in words, for a message: "pid 4711"
    bool is_instance = true;        ///< false if the holder is not an instance of the service
    std::optional<uid_t> uid = {};  ///< the holder's user, if the kernel reports it
};

/// The result of LockPolicy::acquire().
struct Acquisition {
    /// The lock was acquired, another process has it, or the stop token ended the wait.
    enum class State { acquired, busy, cancelled };
    State state = State::acquired;  ///< what happened
    Owner owner = {};               ///< set if busy
    /// If acquired: the process that held the lock before and ended without release(), if the policy knows it.
    std::optional<pid_t> left_by = {};
};

/// Ensures that at most one instance of the service runs.
///
/// A lock policy derives from this class and overrides acquire(), owner() and release(), and the other functions as
/// needed.
class LockPolicy : public Policy {
public:
    /// Takes the lock. \pre the service has done its last fork(2).
    virtual Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) = 0;
    /// The current holder. Never takes the lock. Works without acquire().
    virtual Result<std::optional<Owner>> owner() = 0;
    /// \returns false if owner() cannot find the running instance, because the policy locks nothing.
    [[nodiscard]] virtual bool tells_owner() const { return true; }
    /// A number that grows with each acquisition by any process, so that a receiver can reject what an earlier holder
    /// still sends. Nothing if the lock cannot be lost and therefore needs no token.
    [[nodiscard]] virtual std::optional<std::uint64_t> token() const { return std::nullopt; }
    /// Fields that the policy adds to the reply of `status`.
    [[nodiscard]] virtual Object status_fields() const { return {}; }
    /// Releases the lock. May be called from any thread and repeatedly. Returns within a bounded time.
    virtual void release() noexcept = 0;
    /// Registers a function that a thread of the policy calls when the lock is lost. Never called if the lock cannot be
    /// lost.
    // NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it keeps the callback
    virtual void on_lost(std::function<void(const Error&)> /*callback*/) {}
};

}  // namespace servicekit
