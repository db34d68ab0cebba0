// expect: the daemon policy, must derive from servicekit::DaemonPolicy and override its pure functions
// expect: the lock policy, must derive from servicekit::LockPolicy and override its pure functions
// expect: the log policy, must derive from servicekit::LogPolicy and override its pure functions
// expect: the control policy, must derive from servicekit::ControlPolicy and override its pure functions

#include "servicekit/policies.hpp"

struct Plain {};

template class servicekit::BasicService<Plain, Plain, Plain, Plain>;
