#pragma once

/// START HERE: the service that most programs want.

#include "servicekit/basic_service.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policies/daemon/foreground.hpp"
#include "servicekit/policies/daemon/forking_daemon.hpp"
#include "servicekit/policies/daemon/systemd_notify.hpp"
#include "servicekit/policies/lock/no_lock.hpp"
#include "servicekit/policies/lock/pid_file_lock.hpp"
#include "servicekit/policies/log/console_log.hpp"
#include "servicekit/policies/log/file_log.hpp"
#include "servicekit/policies/log/journal_log.hpp"

namespace servicekit {

/// Goes to the background where asked, runs at most once by a locked pidfile, logs to a file, and is controlled over
/// a unix socket.
using Service = BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;

/// For a unit of systemd: stays in the foreground, tells the service manager how it is, and logs to the journal.
using SystemdService = BasicService<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;

/// For a container: stays in the foreground and reaps orphans where it is pid 1, leaves it to the container that one
/// instance runs, and logs JSON lines on stdout.
using ContainerService = BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

// Instantiated once, in the library.
extern template class BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;
extern template class BasicService<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;
extern template class BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

}  // namespace servicekit
