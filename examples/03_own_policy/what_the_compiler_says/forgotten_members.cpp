// A lock policy whose author forgot two members, and wrote a third one wrongly. Each compiler names all three:
//
// expect: a LockPolicy needs `std::optional<std::uint64_t> token() const`
// expect: a LockPolicy needs `void release() noexcept`
// expect: a LockPolicy needs `bool held() const`

#include <servicekit/policy_concepts.hpp>

struct ForgetfulLock {
    struct Options {};
    explicit ForgetfulLock(Options /*options*/ = {}) {}
    void configure(const servicekit::contract::Deployment& /*deployment*/) {}
    servicekit::Result<servicekit::contract::Acquisition> acquire(servicekit::contract::LockWait /*wait*/,
                                                                  const std::stop_token& /*stop*/) {
        return servicekit::contract::Acquisition{};
    }
    bool held() { return true; }  // is not const
    servicekit::Result<std::optional<servicekit::contract::Owner>> owner() { return std::nullopt; }
    servicekit::Object status_fields() const { return {}; }
    servicekit::Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void on_lost(const std::function<void(const servicekit::Error&)>& /*callback*/) {}
};

template struct servicekit::CheckLockPolicy<ForgetfulLock>;
