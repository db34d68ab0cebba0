#include "servicekit/policies/lock/no_lock.hpp"

namespace servicekit {

Result<Acquisition> NoLock::acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) {
    held_ = true;
    return Acquisition{};
}

// Every lock policy has this member; here it does not need the object.
// NOLINTNEXTLINE(readability-convert-member-functions-to-static)
Result<std::optional<Owner>> NoLock::owner() { return std::optional<Owner>{}; }

}  // namespace servicekit
