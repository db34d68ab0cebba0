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

/// A program whose service is made only by the verbs that need it.
struct Program {
    std::function<std::unique_ptr<ServiceBase>()> make;
    /// Makes a plain service that has the same policies, options and configuration. Null: there is none.
    std::function<std::unique_ptr<ServiceBase>()> make_stand_in = nullptr;
    std::vector<ProgramVerb> verbs = {};
};

int service_main(int argc, char** argv, const Program& program);
void set_options(ServiceBase& service, ServiceOptions options);

/// A service of the program's policies, with their default options, that runs nothing of the program's.
template <class Base>
class StandIn final : public Base {
public:
    StandIn(ServiceOptions options, std::shared_ptr<const ConfigSchema> schema) : Base{std::move(options)} {
        if (schema) this->declare_config(std::move(schema));
    }
};

/// Whether a policy can be made without the program. One that is only named here can't be looked at.
template <class Policy>
consteval bool has_default() {
    if constexpr (requires { sizeof(Policy); }) return std::default_initializable<Policy> || requires {
            Policy{typename Policy::Options{}, os::posix_host()};
        };
    else
        return false;
}

/// The plain service of the policies that T has.
template <class Daemon, class Lock, class Log, class Control>
std::type_identity<BasicService<Daemon, Lock, Log, Control>> plain_service(
    const BasicService<Daemon, Lock, Log, Control>* service);
template <class T>
using PlainService = typename decltype(plain_service(std::declval<const T*>()))::type;

/// Whether verbs can do without T's own policies. A lock of the program's own kind may be anywhere.
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

/// What T declares of its own configuration; null if it declares nothing.
template <class T>
std::shared_ptr<const ConfigSchema> schema_of() {
    if constexpr (requires { T::config_schema(); })
        return T::config_schema();
    else
        return nullptr;
}

}  // namespace detail

/// Gives a service the command line that every service program has: start, stop, status, call... (`--help` lists them).
/// For a plain Service, with functions in place of a subclass.
/// \param verbs more of them, of the program's own
/// \returns the exit code for main()
int service_main(int argc, char** argv, ServiceBase& service, const std::vector<ProgramVerb>& verbs = {});

/// The same for a class of the program's own.
/// \code
/// int main(int argc, char** argv) {
///     return servicekit::service_main<JustAnotherServer>(argc, argv, {.name = "just-another-server"});
/// }
/// \endcode
/// T is constructed from the options where it can be, and else gets them set afterwards. A service without a name is
/// called as its program is.
///
/// Only verbs that load the service construct it: `start`, `run`, `restart`, `check`, `where`, `unit`. Help, completion and
/// verbs such as `stop` go by `options` and T::config_schema() (see Configured), and find a running service by the record
/// of its start. If nothing tells where the service is, or its lock is not one of the library's, they construct T and run
/// its load event, too.
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
