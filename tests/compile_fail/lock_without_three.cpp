// expect: a LockPolicy needs a constructor from its `Options` alone
// expect: a LockPolicy needs `Result<std::optional<contract::Owner>> owner()`
// expect: a LockPolicy needs `void on_lost(std::function<void(const Error&)>)`

#include "servicekit/policy_concepts.hpp"

using namespace servicekit;

struct LockWithoutThree {
    struct Options {};
    LockWithoutThree(Options, int& needed) : needed_{needed} {}
    void configure(const contract::Deployment&) {}
    Result<contract::Acquisition> acquire(contract::LockWait, const std::stop_token&) {
        return contract::Acquisition{};
    }
    bool held() const { return true; }
    std::optional<std::uint64_t> token() const { return {}; }
    Object status_fields() const { return {}; }
    Result<void> hand_to(uid_t, gid_t) { return {}; }
    void release() noexcept {}
    int& needed_;
};

template struct servicekit::CheckLockPolicy<LockWithoutThree>;
