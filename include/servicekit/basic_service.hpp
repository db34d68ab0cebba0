#pragma once

/// BasicService combines policies that you choose. Most programs use an alias in service.hpp instead.

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "servicekit/core/service_base.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {
namespace detail {

template <class Policy, class Interface>
inline constexpr bool is_policy = std::derived_from<Policy, Interface> && !std::is_abstract_v<Policy>;

/// Rejects a class that is not a policy of its kind. The compiler lists the functions that a policy does not override.
template <class Daemon, class Lock, class Log, class Control>
consteval bool are_policies() {
    static_assert(is_policy<Daemon, DaemonPolicy>,
                  "BasicService's first parameter, the daemon policy, must derive from servicekit::DaemonPolicy and "
                  "override its pure functions");
    static_assert(is_policy<Lock, LockPolicy>,
                  "BasicService's second parameter, the lock policy, must derive from servicekit::LockPolicy and "
                  "override its pure functions");
    static_assert(is_policy<Log, LogPolicy>,
                  "BasicService's third parameter, the log policy, must derive from servicekit::LogPolicy and "
                  "override its pure functions");
    static_assert(is_policy<Control, ControlPolicy>,
                  "BasicService's fourth parameter, the control policy, must derive from servicekit::ControlPolicy and "
                  "override its pure functions");
    return true;
}

/// Makes a policy with its default options. A policy that does not use the operating system need not take a host.
template <class Policy>
Policy make_policy(const os::Host& host = os::posix_host()) {
    if constexpr (requires { Policy{typename Policy::Options{}, host}; })
        return Policy{typename Policy::Options{}, host};
    else
        return Policy{};
}

}  // namespace detail

/// The four policies of a service. Each one that is not given has its default options.
/// \code
/// servicekit::Service::Policies{.lock = servicekit::PidFileLock{{.permissions = 0600}}}
/// \endcode
template <class Daemon, class Lock, class Log, class Control>
struct PolicySet {
    /// All four with their default options, on this host.
    static PolicySet on(const os::Host& host) {
        return {detail::make_policy<Daemon>(host), detail::make_policy<Lock>(host), detail::make_policy<Log>(host),
                detail::make_policy<Control>(host)};
    }

    Daemon daemon = detail::make_policy<Daemon>();     ///< moves the service to the background, or does not
    Lock lock = detail::make_policy<Lock>();           ///< keeps other instances out
    Log log = detail::make_policy<Log>();              ///< where log lines go
    Control control = detail::make_policy<Control>();  ///< how clients reach the service
};

namespace detail {

template <class Set>
struct PolicyKeeper {
    Set set;
};

template <class Set>
struct OwnedPolicies final : private PolicyKeeper<Set>, public PolicyReferences {
    explicit OwnedPolicies(Set given)
        : PolicyKeeper<Set>{std::move(given)},
          PolicyReferences{this->set.daemon, this->set.lock, this->set.log, this->set.control} {}
};

}  // namespace detail

/// A unix service. Derive from it, or from an alias in service.hpp, and override the events that you need:
/// \code
/// class JustAnotherServer final : public servicekit::Service {
///     void on_start() override;
///     void on_stop() override;
///     void on_status(servicekit::Reply& reply) override { reply.set("connections", connections_); }
/// };
/// \endcode
/// Or pass functions to the constructor (EventHooks). The types choose the mechanisms; their options choose how these
/// behave.
template <class Daemon, class Lock, class Log, class Control>
class BasicService : public ServiceBase {
public:
    /// The policies, for the constructors that take them.
    using Policies = PolicySet<Daemon, Lock, Log, Control>;

    BasicService();
    /// Makes a service whose policies have their default options.
    explicit BasicService(ServiceOptions options, EventHooks hooks = {});
    /// Makes a service with these policies.
    BasicService(ServiceOptions options, EventHooks hooks, Policies policies);
    /// \param host the operating system for core and the policies; a test passes fakes
    BasicService(ServiceOptions options, EventHooks hooks, const os::Host& host);
    /// \param host the operating system for core; the policies keep theirs
    BasicService(ServiceOptions options, EventHooks hooks, Policies policies, const os::Host& host);
};

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService() : BasicService{ServiceOptions{}} {}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks)
    : BasicService{std::move(options), std::move(hooks), Policies{}} {}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks, Policies policies)
    : BasicService{std::move(options), std::move(hooks), std::move(policies), os::posix_host()} {}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks, const os::Host& host)
    : BasicService{std::move(options), std::move(hooks), Policies::on(host), host} {}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks, Policies policies,
                                                       const os::Host& host)
    : ServiceBase{std::move(options), std::move(hooks),
                  std::make_unique<detail::OwnedPolicies<Policies>>(std::move(policies)), host} {
    static_assert(detail::are_policies<Daemon, Lock, Log, Control>());
}

}  // namespace servicekit
