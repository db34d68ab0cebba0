#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit::lisp {

/// The reason why an evaluation failed.
enum class FaultKind {
    read,       ///< the text is not a form, or is more than one form where one is expected
    package,    ///< the package does not exist
    condition,  ///< a condition without a handler
    timeout,    ///< the time expired, or the service stops
    exit,       ///< a form tried to end the process or to leave the evaluation
    storage,    ///< the stack or the heap is exhausted
    stuck,      ///< the time expired and the form could not be interrupted; it keeps running beside later ones
};

/// "read", "package"...
[[nodiscard]] std::string_view to_string(FaultKind kind) noexcept;
/// \returns FaultKind::condition for a text that is not the name of a kind
[[nodiscard]] FaultKind fault_kind_from(std::string_view text) noexcept;

/// Why an evaluation failed.
struct Fault {
    FaultKind kind = FaultKind::condition;    ///< the reason
    std::string type = {};                    ///< the condition's name: "DIVISION-BY-ZERO"
    std::string message = {};                 ///< for people
    std::vector<std::string> backtrace = {};  ///< functions, the innermost first
    std::size_t form_index = 0;               ///< the number of the form, from 0
    std::string place = {};                   ///< "/etc/app.lisp, line 3", if a file was being loaded
};

/// A task for Lisp.
struct Task {
    /// The meaning of the texts of a task.
    enum class Kind {
        forms,   ///< each text is one form
        source,  ///< the single text has any number of forms; each is read after the ones before it are evaluated
        call,    ///< the single text is the name of a function in the package SERVICE-EVAL, which gets the arguments
    };
    Kind kind = Kind::forms;              ///< the meaning of the texts
    std::vector<std::string> texts = {};  ///< code, or the name of a function
    std::string package = "CL-USER";      ///< the package in which the texts are read
    Value::List arguments = {};           ///< of the function, for Kind::call
    /// Default: no limit.
    std::optional<std::chrono::milliseconds> time_limit = {};
    std::stop_token stop = {};  ///< ends the task, like the time limit
};

/// The result of a task. Text beyond the limit of the evaluator is cut off.
struct Evaluation {
    std::vector<std::vector<std::string>> values = {};  ///< the printed values of each form that was evaluated
    std::string output = {};                            ///< what the task printed
    /// The value of the function, or of the last form of a source. After forms: the name of the current package, or
    /// null if that package was deleted.
    Value result = {};
    std::optional<Fault> fault = {};  ///< nothing if the task succeeded
};

}  // namespace servicekit::lisp
