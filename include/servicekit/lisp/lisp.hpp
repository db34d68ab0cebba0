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

/// Thrown if Lisp signals a condition that is not handled. The error reply has the fields `type`, `kind`, `backtrace`
/// and `form-index`, and `place` if a file was being loaded.
class LispError : public ErrorReply {
public:
    /// Makes an error reply of what Lisp reported.
    explicit LispError(lisp::Fault fault) : LispError{std::move(fault), {}} {}
    /// \param more fields of the error reply
    LispError(lisp::Fault fault, const Object& more);
    /// What Lisp reported.
    [[nodiscard]] const lisp::Fault& fault() const noexcept { return fault_; }

private:
    lisp::Fault fault_;
};

/// A Lisp (ECL) in a service. Operators can evaluate code in the running process and connect an editor, and events can
/// be written in Lisp.
/// \code
/// servicekit::Service service{{.name = "just-another-server"}, hooks};
/// servicekit::Lisp lisp{service};  // there are eval, interrupt-eval, create-swank-server and stop-swank-server now
/// lisp.define("connections", [&](const Value::List&) { return Value{server.connections.load()}; });
/// \endcode
/// Only the service's own user and root may call the events (ControlRole::owner). Lisp is started at its first use, in
/// a thread of its own, and shut down after the service has stopped. A process can have one Lisp.
/// Unless stated otherwise, call members on the handler thread, or before start().
class Lisp {
public:
    /// The limits of Lisp. Each has a default.
    struct Options {
        /// In bytes; an evaluation that needs more fails, and the service continues.
        std::size_t heap_limit = std::size_t{512} << 20U;
        /// Characters of an evaluation's values, and of its output; the rest is cut off.
        std::size_t text_limit = std::size_t{256} << 10U;
        /// The directory with the sources of Swank. Default: empty, which means the directory of the package cl-swank.
        std::string swank_directory = {};
    };
    /// A function that Lisp calls as `(service:NAME argument...)`, on the handler thread. If it throws, Lisp gets the
    /// condition SERVICE:HOST-ERROR.
    using Function = std::function<Value(const Value::List& arguments)>;

    /// Adds a Lisp with the default options to the service.
    explicit Lisp(ServiceBase& service);
    /// Adds a Lisp to the service.
    Lisp(ServiceBase& service, Options options);
    /// \param machine the Lisp itself; tests pass a fake
    Lisp(ServiceBase& service, Options options, std::unique_ptr<lisp::Machine> machine);
    Lisp(const Lisp&) = delete;
    Lisp& operator=(const Lisp&) = delete;
    ~Lisp();

    /// Defines a function of the application in the package SERVICE.
    /// \throws std::invalid_argument for a name that the package itself uses
    void define(std::string_view name, Function function);

    /// Returns a handler that evaluates `source`, one form at a time, so that a form may use packages that an earlier
    /// form made. SERVICE:*ARGUMENTS* is the property list of the event's arguments. The last value is the reply: a
    /// property list or nil. Output goes to the log, also after an error.
    [[nodiscard]] Handler handler(std::string source);
    /// Makes an event, built-in or custom, run `source`. The event `load` then runs in the process that becomes the
    /// service, and may change settings: `(setf (service:name) "x")`.
    void on(std::string_view event, std::string source);
    /// Makes the load event load a Lisp file, as a configuration without restrictions. The path is made absolute.
    void load_script(const std::string& path);

    /// Evaluates each text as one form. \returns the printed values of each \throws LispError
    /// \param stop ends the evaluation, like the time limit. A handler passes the token of its context; otherwise a
    ///             stop may be delayed.
    std::vector<std::vector<std::string>> evaluate(const std::vector<std::string>& forms,
                                                   const std::string& package = "CL-USER",
                                                   std::optional<std::chrono::milliseconds> time_limit = {},
                                                   const std::stop_token& stop = {});

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace servicekit
