#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "servicekit/core/service_base.hpp"
#include "servicekit/core/service_options.hpp"

namespace servicekit {

namespace detail {
/// \param options for a service that make() can't give them
int service_main(int argc, char** argv, const std::function<std::unique_ptr<ServiceBase>()>& make,
                 const std::optional<ServiceOptions>& options = {});
}  // namespace detail

/// Gives a service the command line that every service program has: start, stop, status, call... (`--help` lists them).
/// For a plain Service, with functions in place of a subclass.
/// \returns the exit code for main()
int service_main(int argc, char** argv, ServiceBase& service);

/// The same for a class of the program's own.
/// \code
/// int main(int argc, char** argv) {
///     return servicekit::service_main<JustAnotherServer>(argc, argv, {.name = "just-another-server"});
/// }
/// \endcode
/// T is constructed from the options where it can be, and else gets them set afterwards. A service without a name is
/// called as its program is.
template <std::derived_from<ServiceBase> T>
requires std::constructible_from<T, ServiceOptions> || std::default_initializable<T>
int service_main(int argc, char** argv, ServiceOptions options = {}) {
    if constexpr (std::constructible_from<T, ServiceOptions>)
        return detail::service_main(argc, argv, [&options] { return std::make_unique<T>(std::move(options)); });
    else
        return detail::service_main(
            argc, argv, [] { return std::make_unique<T>(); }, options);
}

}  // namespace servicekit
