#pragma once

/// A service of which at most one instance in a cluster is active, and the others stand by.

#include "servicekit/basic_service.hpp"
#include "servicekit/cluster/etcd_lock.hpp"

namespace servicekit {

class FileLog;
class ForkingDaemon;
class UnixSocketControl;

/// Like Service, with a lock that etcd keeps besides the pidfile: the service starts on several machines and is active
/// on one of them.
using ClusterService = BasicService<ForkingDaemon, EtcdLock, FileLog, UnixSocketControl>;

// Instantiated once, in the component.
extern template class BasicService<ForkingDaemon, EtcdLock, FileLog, UnixSocketControl>;

}  // namespace servicekit
