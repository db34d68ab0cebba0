// expect: the daemon policy, must derive from servicekit::DaemonPolicy and override its pure functions
// expect: the lock policy, must derive from servicekit::LockPolicy and override its pure functions
// expect: the log policy, must derive from servicekit::LogPolicy and override its pure functions
// expect: the control policy, must derive from servicekit::ControlPolicy and override its pure functions
// names: enter
// names: acquire
// names: owner
// names: release
// names: write
// names: open
// names: close

#include "servicekit/policies.hpp"

struct Daemon : servicekit::DaemonPolicy {};
struct Lock : servicekit::LockPolicy {};
struct Log : servicekit::LogPolicy {};
struct Control : servicekit::ControlPolicy {};

template class servicekit::BasicService<Daemon, Lock, Log, Control>;
