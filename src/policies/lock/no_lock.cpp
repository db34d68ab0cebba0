#include "servicekit/policies/lock/no_lock.hpp"

namespace servicekit {

Result<Acquisition> NoLock::acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) {
    held_ = true;
    return Acquisition{};
}

// What is asked of every lock policy; this one has nothing to look at.
// NOLINTNEXTLINE(readability-convert-member-functions-to-static)
Result<std::optional<Owner>> NoLock::owner() { return std::optional<Owner>{}; }

}  // namespace servicekit
