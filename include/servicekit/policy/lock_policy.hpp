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

enum class LockWait {
    fail_fast,  ///< busy is an answer
    wait,       ///< a standby: until it is free, or the stop token says otherwise
};

/// Who has the lock.
struct Owner {
    pid_t pid = 0;                  ///< 0 where it can't be told (another host, another pid namespace)
    std::string where = {};         ///< in words, for a message: "pid 4711"
    bool is_instance = true;        ///< false: somebody else's lock that is in the way
    std::optional<uid_t> uid = {};  ///< the user that it runs as, if the kernel says
};

struct Acquisition {
    enum class State { acquired, busy, cancelled };
    State state = State::acquired;
    Owner owner = {};  ///< meaningful where busy
    /// Where acquired: the process that had the lock before and ended without release(), if the lock can tell.
    std::optional<pid_t> left_by = {};
};

/// Sees to it that at most one instance runs.
///
/// A lock policy derives from this and overrides acquire(), owner() and release(), and what else it has to say.
class LockPolicy : public Policy {
public:
    /// \pre the last fork is over.
    virtual Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) = 0;
    /// Who has the lock now, asked without ever taking it. Works without acquire().
    virtual Result<std::optional<Owner>> owner() = 0;
    /// Whether owner() can tell who runs: false for what locks nothing.
    [[nodiscard]] virtual bool tells_owner() const { return true; }
    /// Grows with each acquisition anywhere, so that what an earlier holder still sends can be told apart;
    /// nothing where the lock can't be lost and so needs none.
    [[nodiscard]] virtual std::optional<std::uint64_t> token() const { return std::nullopt; }
    /// What the status event adds.
    [[nodiscard]] virtual Object status_fields() const { return {}; }
    /// From any thread, any number of times; returns within bounds.
    virtual void release() noexcept = 0;
    /// Called, from a thread of the lock's, when the lock was lost. Never for a lock that can't be.
    // NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it keeps the callback
    virtual void on_lost(std::function<void(const Error&)> /*callback*/) {}
};

}  // namespace servicekit
