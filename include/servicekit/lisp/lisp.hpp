#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/core/event.hpp"
#include "servicekit/lisp/evaluation.hpp"

#ifndef SERVICEKIT_HAS_LISP
#error "servicekit/lisp needs the component lisp: find_package(servicekit COMPONENTS lisp), link servicekit::lisp"
#endif

namespace servicekit {

class ServiceBase;

namespace lisp {
class Machine;
}

/// Thrown where Lisp ends with a condition; as an error reply it has `type`, `kind`, `backtrace` and `form-index`, and
/// `place` where a file was being loaded.
class LispError : public ErrorReply {
public:
    explicit LispError(lisp::Fault fault) : LispError{std::move(fault), {}} {}
    /// \param more fields of the error reply
    LispError(lisp::Fault fault, const Object& more);
    [[nodiscard]] const lisp::Fault& fault() const noexcept { return fault_; }

private:
    lisp::Fault fault_;
};

/// A Lisp (ECL) within a service: lets operators evaluate code in the running process and connect an editor, and lets
/// events be written in Lisp.
/// \code
/// servicekit::Service service{{.name = "just-another-server"}, hooks};
/// servicekit::Lisp lisp{service};  // there are eval, interrupt-eval, create-swank-server and stop-swank-server now
/// lisp.define("connections", [&](const Value::List&) { return Value{server.connections.load()}; });
/// \endcode
/// The events are for the service's own user and root only (ControlRole::owner). Lisp is booted at its first use, in a
/// thread of its own, and shut down when the service has stopped. There is one in a process.
/// What is not said to be for any thread is for the thread of the handlers, or for before the start.
class Lisp {
public:
    struct Options {
        std::size_t heap_limit = std::size_t{512} << 20U;  ///< bytes; what needs more fails, and the service goes on
        std::size_t text_limit = std::size_t{256} << 10U;  ///< characters of an evaluation's values, and of its output
        /// Where the sources of Swank are; empty: looked for where cl-swank puts them.
        std::string swank_directory = {};
    };
    /// What Lisp calls as `(service:NAME argument...)`, on the thread of the handlers. What it throws is the condition
    /// SERVICE:HOST-ERROR there.
    using Function = std::function<Value(const Value::List& arguments)>;

    explicit Lisp(ServiceBase& service);
    Lisp(ServiceBase& service, Options options);
    /// \param machine the Lisp itself; tests put a fake in
    Lisp(ServiceBase& service, Options options, std::unique_ptr<lisp::Machine> machine);
    Lisp(const Lisp&) = delete;
    Lisp& operator=(const Lisp&) = delete;
    ~Lisp();

    /// Gives Lisp a function of the program's, in the package SERVICE.
    /// \throws std::invalid_argument for a name that the package uses itself
    void define(std::string_view name, Function function);

    /// A handler that evaluates `source`, one form at a time, so that a form may name packages that an earlier one
    /// makes. SERVICE:*ARGUMENTS* is the property list of the event's arguments, the last value the reply: a property
    /// list, too, or nil. What it prints goes to the log, also where it fails.
    [[nodiscard]] Handler handler(std::string source);
    /// Has an event, built-in or custom, run `source`. `load` then runs in the process that becomes the service, and
    /// may set what can be set: `(setf (service:name) "x")`.
    void on(std::string_view event, std::string source);
    /// Has the load event load a file of Lisp, as a configuration that can do everything. The path is made absolute.
    void load_script(const std::string& path);

    /// Evaluates each text as one form. \returns the values, as printed, of each \throws LispError
    /// \param stop ends it, as the limit does; a handler gives the token of its context, or it may hold up a stop
    std::vector<std::vector<std::string>> evaluate(const std::vector<std::string>& forms,
                                                   const std::string& package = "CL-USER",
                                                   std::optional<std::chrono::milliseconds> time_limit = {},
                                                   const std::stop_token& stop = {});

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace servicekit
