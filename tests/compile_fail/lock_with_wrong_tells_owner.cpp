// expect: a LockPolicy's `tells_owner`, where it has one, is `bool tells_owner() const`

#include "servicekit/policy_concepts.hpp"

using namespace servicekit;

struct LockWithWrongTellsOwner {
    struct Options {};
    explicit LockWithWrongTellsOwner(Options) {}
    void configure(const contract::Deployment&) {}
    Result<contract::Acquisition> acquire(contract::LockWait, const std::stop_token&) {
        return contract::Acquisition{};
    }
    bool held() const { return true; }
    Result<std::optional<contract::Owner>> owner() { return std::optional<contract::Owner>{}; }
    bool tells_owner() { return true; }  // not const
    std::optional<std::uint64_t> token() const { return {}; }
    Object status_fields() const { return {}; }
    Result<void> hand_to(uid_t, gid_t) { return {}; }
    void release() noexcept {}
    void on_lost(std::function<void(const Error&)>) {}
};

template struct servicekit::CheckLockPolicy<LockWithWrongTellsOwner>;
