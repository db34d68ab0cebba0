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

/// Why an evaluation came to no end of its own.
enum class FaultKind {
    read,       ///< the text is no form, or more than one where one was wanted
    package,    ///< there is no such package
    condition,  ///< a condition that nobody handled
    timeout,    ///< the time was up, or the service stops
    exit,       ///< a form would have ended the process, or left the evaluation
    storage,    ///< stack or heap ran out
    stuck,      ///< the time was up and the form could not be interrupted; it goes on beside what comes next
};

/// "read", "package"...
[[nodiscard]] std::string_view to_string(FaultKind kind) noexcept;
/// \returns FaultKind::condition for a text that names none
[[nodiscard]] FaultKind fault_kind_from(std::string_view text) noexcept;

struct Fault {
    FaultKind kind = FaultKind::condition;
    std::string type = {};  ///< the condition's name: "DIVISION-BY-ZERO"
    std::string message = {};
    std::vector<std::string> backtrace = {};  ///< functions, the innermost first
    std::size_t form_index = 0;               ///< which form it was, from 0
    std::string place = {};                   ///< "/etc/app.lisp, line 3", where a file was being loaded
};

/// What Lisp is to do.
struct Task {
    enum class Kind {
        forms,   ///< each text is one form
        source,  ///< the one text is any number of forms, each read once those before it are evaluated
        call,    ///< the one text names a function of the package SERVICE-EVAL, which gets the arguments
    };
    Kind kind = Kind::forms;
    std::vector<std::string> texts = {};
    std::string package = "CL-USER";
    Value::List arguments = {};
    /// Nothing: as long as it takes.
    std::optional<std::chrono::milliseconds> time_limit = {};
    std::stop_token stop = {};  ///< ends it, as the limit does
};

/// What came of a task. Text beyond the evaluator's limit is cut off.
struct Evaluation {
    std::vector<std::vector<std::string>> values = {};  ///< as printed, of each form that was evaluated
    std::string output = {};                            ///< what it printed
    /// Of the function, or of the last form of a source; after forms: the name of the package that is current then, null
    /// where that was deleted.
    Value result = {};
    std::optional<Fault> fault = {};
};

}  // namespace servicekit::lisp
