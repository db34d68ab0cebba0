#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "servicekit/core/config_schema.hpp"
#include "servicekit/core/service_base.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/program_verb.hpp"
#include "servicekit/service.hpp"

namespace servicekit {

namespace detail {

/// A program whose service is constructed only by the verbs that need it.
struct Program {
    std::function<std::unique_ptr<ServiceBase>()> make;
    /// Makes a plain service with the same policies, options and configuration. Null if there is none.
    std::function<std::unique_ptr<ServiceBase>()> make_stand_in = nullptr;
    std::vector<ProgramVerb> verbs = {};
};

int service_main(int argc, char** argv, const Program& program);
void set_options(ServiceBase& service, ServiceOptions options);

/// A service with the program's policies and their default options, which runs none of the program's code.
template <class Base>
class StandIn final : public Base {
public:
    StandIn(ServiceOptions options, std::shared_ptr<const ConfigSchema> schema) : Base{std::move(options)} {
        if (schema) this->declare_config(std::move(schema));
    }
};

/// True if a policy can be constructed without the program. False for a policy that is only declared here.
template <class Policy>
consteval bool has_default() {
    if constexpr (requires { sizeof(Policy); }) return std::default_initializable<Policy> || requires {
            Policy{typename Policy::Options{}, os::posix_host()};
        };
    else
        return false;
}

/// The plain service with the policies of T.
template <class Daemon, class Lock, class Log, class Control>
std::type_identity<BasicService<Daemon, Lock, Log, Control>> plain_service(
    const BasicService<Daemon, Lock, Log, Control>* service);
template <class T>
using PlainService = typename decltype(plain_service(std::declval<const T*>()))::type;

/// True if verbs can do without T's own policies. They cannot if the lock is a class of the program: it may lock
/// anything.
template <class Daemon, class Lock, class Log, class Control>
consteval bool has_usual_policies(std::type_identity<BasicService<Daemon, Lock, Log, Control>> service) {
    using Plain = typename decltype(service)::type;
    if constexpr (std::same_as<Plain, Service> || std::same_as<Plain, SystemdService> ||
                  std::same_as<Plain, ContainerService>)
        return true;
    else if constexpr (std::same_as<Lock, PidFileLock> || std::same_as<Lock, NoLock>)
        return has_default<Daemon>() && has_default<Lock>() && has_default<Log>() && has_default<Control>();
    else
        return false;
}
template <class T>
consteval bool can_have_stand_in() {
    if constexpr (requires { plain_service(std::declval<const T*>()); })
        return has_usual_policies(std::type_identity<PlainService<T>>{});
    else
        return false;
}

/// The keys that T declares for its own configuration; null if it declares none.
template <class T>
std::shared_ptr<const ConfigSchema> schema_of() {
    if constexpr (requires { T::config_schema(); })
        return T::config_schema();
    else
        return nullptr;
}

}  // namespace detail

/// Runs the command line that every service program has: start, stop, status, call... (`--help` lists the verbs). This
/// overload is for a plain Service with functions instead of a subclass.
/// \param verbs further verbs of the program
/// \returns the exit code for main()
int service_main(int argc, char** argv, ServiceBase& service, const std::vector<ProgramVerb>& verbs = {});

/// The same for a class of the program.
/// \code
/// int main(int argc, char** argv) {
///     return servicekit::service_main<JustAnotherServer>(argc, argv, {.name = "just-another-server"});
/// }
/// \endcode
/// T is constructed from the options if it has such a constructor; otherwise the options are set afterwards. A service
/// without a name has the name of its program.
///
/// Only verbs that load the service construct it: `start`, `run`, `restart`, `check`, `where`, `unit`. Help and
/// completion use `options` and T::config_schema() (see Configured), and so do verbs such as `stop`, which find a
/// running service by the record of its start. If no record or option names the place of the service, or its lock is
/// not one of the library's, these verbs construct T and run its load event too.
template <std::derived_from<ServiceBase> T>
requires std::constructible_from<T, ServiceOptions> || std::default_initializable<T>
int service_main(int argc, char** argv, ServiceOptions options = {}, std::vector<ProgramVerb> verbs = {}) {
    detail::Program program;
    program.verbs = std::move(verbs);
    program.make = [&options]() -> std::unique_ptr<ServiceBase> {
        if constexpr (std::constructible_from<T, ServiceOptions>) {
            return std::make_unique<T>(options);
        } else {
            auto service = std::make_unique<T>();
            detail::set_options(*service, options);
            return service;
        }
    };
    if constexpr (detail::can_have_stand_in<T>())
        program.make_stand_in = [&options]() -> std::unique_ptr<ServiceBase> {
            return std::make_unique<detail::StandIn<detail::PlainService<T>>>(options, detail::schema_of<T>());
        };
    return detail::service_main(argc, argv, program);
}

}  // namespace servicekit
