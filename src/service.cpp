#include "servicekit/service.hpp"

namespace servicekit {

template class BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;
template class BasicService<SystemdNotify, PidFileLock, SystemdLog, UnixSocketControl>;

}  // namespace servicekit
