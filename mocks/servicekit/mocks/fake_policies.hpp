#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "servicekit/basic_service.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policies/daemon/foreground.hpp"
#include "servicekit/policies/daemon/forking_daemon.hpp"
#include "servicekit/policies/daemon/systemd_notify.hpp"
#include "servicekit/policies/lock/pid_file_lock.hpp"
#include "servicekit/policies/log/console_log.hpp"
#include "servicekit/policies/log/file_log.hpp"
#include "servicekit/policies/log/journal_log.hpp"
#include "servicekit/policies/log/no_log.hpp"
#include "servicekit/policies/log/pipe_log.hpp"
#include "servicekit/policies/log/syslog_log.hpp"

namespace servicekit::mocks {

/// Makes a policy that asks a FakeOs, not the system. This one is for policies that ask neither; specialise it for
/// those of your own that do.
template <class Policy>
struct OnFakeOs {
    static Policy make(FakeOs& /*os*/, typename Policy::Options options) { return Policy{std::move(options)}; }
};

template <>
struct OnFakeOs<ForkingDaemon> {
    static ForkingDaemon make(FakeOs& os, ForkingDaemon::Options options) {
        return ForkingDaemon{options, os.process, os.pipes, os.streams, os.processes, os.clock, os.inherited};
    }
};
template <>
struct OnFakeOs<Foreground> {
    static Foreground make(FakeOs& os, Foreground::Options options) {
        return Foreground{options, os.children, os.clock};
    }
};
template <>
struct OnFakeOs<SystemdNotify> {
    static SystemdNotify make(FakeOs& os, SystemdNotify::Options options) {
        return SystemdNotify{options, os.service_manager, os.process, os.clock, os.streams};
    }
};
template <>
struct OnFakeOs<PidFileLock> {
    static PidFileLock make(FakeOs& os, PidFileLock::Options options) {
        return PidFileLock{std::move(options), os.locks, os.process, os.processes, os.files};
    }
};
template <>
struct OnFakeOs<FileLog> {
    static FileLog make(FakeOs& os, FileLog::Options options) {
        return FileLog{options, os.files, os.streams, os.clock, os.process, os.users, os.environment, os.threads};
    }
};
template <>
struct OnFakeOs<ConsoleLog> {
    static ConsoleLog make(FakeOs& os, ConsoleLog::Options options) {
        return ConsoleLog{options, os.streams, os.clock, os.process, os.environment};
    }
};
template <>
struct OnFakeOs<JournalLog> {
    static JournalLog make(FakeOs& os, JournalLog::Options options) {
        return JournalLog{std::move(options), os.message_sockets, os.streams, os.service_manager, os.clock, os.process};
    }
};
template <>
struct OnFakeOs<PipeLog> {
    static PipeLog make(FakeOs& os, PipeLog::Options options) {
        return PipeLog{std::move(options), os.programs, os.streams, os.clock, os.process};
    }
};
template <>
struct OnFakeOs<SyslogLog> {
    static SyslogLog make(FakeOs& os, SyslogLog::Options options) {
        return SyslogLog{std::move(options), os.message_sockets, os.clock, os.process};
    }
};
template <>
struct OnFakeOs<UnixSocketControl> {
    static UnixSocketControl make(FakeOs& os, UnixSocketControl::Options options) {
        return UnixSocketControl{std::move(options), os.sockets, os.users, os.process, os.clock};
    }
};

/// One policy on the fakes.
/// \code
/// policies.lock = fake_policy<PidFileLock>(os, {.permissions = 0600});
/// \endcode
template <class Policy>
[[nodiscard]] Policy fake_policy(FakeOs& os, typename Policy::Options options = {}) {
    return OnFakeOs<Policy>::make(os, std::move(options));
}

namespace detail {

template <class Daemon, class Lock, class Log, class Control>
PolicySet<Daemon, Lock, Log, Control> fake_policy_set(
    FakeOs& os, std::type_identity<PolicySet<Daemon, Lock, Log, Control>> /*of*/) {
    return {.daemon = fake_policy<Daemon>(os),
            .lock = fake_policy<Lock>(os),
            .log = fake_policy<Log>(os),
            .control = fake_policy<Control>(os)};
}

}  // namespace detail

/// The four policies of a service on the fakes, with their default options.
/// \code
/// MyService service{{.name = "mine"}, {}, fake_policies<MyService>(os), os.host()};
/// \endcode
template <class Service>
[[nodiscard]] typename Service::Policies fake_policies(FakeOs& os) {
    return detail::fake_policy_set(os, std::type_identity<typename Service::Policies>{});
}

/// A service on the fakes. A class of yours has the constructor for it after `using servicekit::Service::Service;`
/// (or the like with the alias that it derives from).
template <class Service>
[[nodiscard]] std::unique_ptr<Service> fake_service(FakeOs& os, ServiceOptions options, EventHooks hooks = {}) {
    static_assert(std::is_constructible_v<Service, ServiceOptions, EventHooks, typename Service::Policies, os::Host>,
                  "fake_service() needs the constructors of the service's base: say "
                  "'using servicekit::Service::Service;' in the class");
    return std::make_unique<Service>(std::move(options), std::move(hooks), fake_policies<Service>(os), os.host());
}

}  // namespace servicekit::mocks
