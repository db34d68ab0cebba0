#pragma once

/// START HERE: the service that most programs want.
///
/// The policies are only declared here, to keep compile times low. A program that passes options to them or combines
/// other policies also includes their headers, or policies.hpp, which has all of them.

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

/// Runs in the background on request, locks a pidfile so that one instance runs, logs to a file, and is controlled over
/// a unix socket.
using Service = BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;

/// For a systemd unit: stays in the foreground, reports its state to the service manager, and logs to the journal.
using SystemdService = BasicService<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;

/// For a container: stays in the foreground and, as pid 1, reaps orphans; logs JSON lines to stdout. It has no lock,
/// because the container runs one instance.
using ContainerService = BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

// Instantiated once, in the library.
extern template class BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;
extern template class BasicService<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl>;
extern template class BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

}  // namespace servicekit
