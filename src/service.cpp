#include "servicekit/service.hpp"

#include "servicekit/basic_service.hpp"
#include "servicekit/policies.hpp"

namespace servicekit {

template struct CheckPolicies<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;
template struct CheckPolicies<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;
template struct CheckPolicies<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

template class BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;
template class BasicService<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;
template class BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

}  // namespace servicekit
