#pragma once

/// START HERE: the service that most programs want.
///
/// The policies are only named here, so that a program's files compile fast: one that gives them options of its own, or
/// combines them otherwise, includes their headers too (or policies.hpp, which has all of them).

#include "servicekit/basic_service.hpp"

namespace servicekit {

class ConsoleLog;
class FileLog;
class Foreground;
class ForkingDaemon;
class JournalLog;
class NoLock;
class PidFileLock;
class SystemdNotify;
class UnixSocketControl;

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
