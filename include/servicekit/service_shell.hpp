#pragma once

#include "servicekit/core/service_base.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/interfaces.hpp"

/// BasicService as far as a program needs it whose policies are those of an alias in service.hpp: these combinations
/// are compiled in the library. For any other one include basic_service.hpp.
namespace servicekit {

class ConsoleLog;
class FileLog;
class Foreground;
class ForkingDaemon;
class NoLock;
class PidFileLock;
class JournalLog;
class SystemdNotify;
class UnixSocketControl;

/// The four policies of a service, each as given or with its default options.
/// \code
/// servicekit::Service::Policies{.lock = servicekit::PidFileLock{{.permissions = 0600}}}
/// \endcode
template <class Daemon, class Lock, class Log, class Control>
struct PolicySet {
    Daemon daemon = Daemon{typename Daemon::Options{}};
    Lock lock = Lock{typename Lock::Options{}};
    Log log = Log{typename Log::Options{}};
    Control control = Control{typename Control::Options{}};
};

template <class Daemon, class Lock, class Log, class Control>
struct CheckPolicies;

namespace detail {

template <class Daemon, class Lock, class Log, class Control>
inline constexpr bool is_in_library = false;
template <>
inline constexpr bool is_in_library<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl> = true;
template <>
inline constexpr bool is_in_library<SystemdNotify, PidFileLock, JournalLog, UnixSocketControl> = true;
template <>
inline constexpr bool is_in_library<Foreground, NoLock, ConsoleLog, UnixSocketControl> = true;

/// Where a compiler finds no CheckPolicies, servicekit/basic_service.hpp was not included.
template <class Daemon, class Lock, class Log, class Control>
struct CheckOnce : CheckPolicies<Daemon, Lock, Log, Control> {};
/// Checked where it was compiled.
template <class Daemon, class Lock, class Log, class Control>
requires is_in_library<Daemon, Lock, Log, Control>
struct CheckOnce<Daemon, Lock, Log, Control> {
};

}  // namespace detail

/// A unix service. Derive from it (or from an alias in service.hpp) and override the events that matter:
/// \code
/// class JustAnotherServer final : public servicekit::Service {
///     void on_start() override;
///     void on_stop() override;
///     void on_status(servicekit::Reply& reply) override { reply.set("connections", connections_); }
/// };
/// \endcode
/// or give it functions. Which mechanisms it uses is chosen by type, how they behave by their options.
template <class DaemonPolicy, class LockPolicy, class LogPolicy, class ControlPolicy>
class BasicService : private detail::CheckOnce<DaemonPolicy, LockPolicy, LogPolicy, ControlPolicy>, public ServiceBase {
public:
    using Policies = PolicySet<DaemonPolicy, LockPolicy, LogPolicy, ControlPolicy>;

    BasicService();
    explicit BasicService(ServiceOptions options, EventHooks hooks = {});
    BasicService(ServiceOptions options, EventHooks hooks, Policies policies);
    /// \param host what core asks of the operating system; tests put fakes in, here and in the policies
    BasicService(ServiceOptions options, EventHooks hooks, Policies policies, const os::Host& host);
};

}  // namespace servicekit
