#include "servicekit/policies/lock/no_lock.hpp"

namespace servicekit {

Result<contract::Acquisition> NoLock::acquire(contract::LockWait /*wait*/, const std::stop_token& /*stop*/) {
    held_ = true;
    return contract::Acquisition{};
}

// What is asked of every lock policy; this one has nothing to look at.
// NOLINTNEXTLINE(readability-convert-member-functions-to-static)
Result<std::optional<contract::Owner>> NoLock::owner() { return std::optional<contract::Owner>{}; }

}  // namespace servicekit
