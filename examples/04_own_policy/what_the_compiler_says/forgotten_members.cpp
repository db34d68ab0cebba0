// The author of this lock policy forgot two members. Each compiler names both:
//
// expect: the lock policy, must derive from servicekit::LockPolicy and override its pure functions
// names: release
// names: owner

#include <servicekit/policies.hpp>

struct ForgetfulLock : servicekit::LockPolicy {
    servicekit::Result<servicekit::Acquisition> acquire(servicekit::LockWait /*wait*/,
                                                        const std::stop_token& /*stop*/) override {
        return servicekit::Acquisition{};
    }
};

template class servicekit::BasicService<servicekit::Foreground, ForgetfulLock, servicekit::NoLog,
                                        servicekit::NoControl>;
