// expect: the daemon policy, must derive from servicekit::DaemonPolicy and override its pure functions
// expect: the lock policy, must derive from servicekit::LockPolicy and override its pure functions

#include "servicekit/policies.hpp"

template class servicekit::BasicService<servicekit::NoLock, servicekit::Foreground, servicekit::NoLog,
                                        servicekit::NoControl>;
