#include "servicekit/cluster/cluster.hpp"

#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policies/daemon/forking_daemon.hpp"
#include "servicekit/policies/log/file_log.hpp"

namespace servicekit {

template class BasicService<ForkingDaemon, EtcdLock, FileLog, UnixSocketControl>;

}  // namespace servicekit
