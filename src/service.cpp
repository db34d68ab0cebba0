#include "servicekit/service.hpp"

#include "servicekit/policies.hpp"

namespace servicekit {

template class BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;
template class BasicService<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;
template class BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

}  // namespace servicekit
