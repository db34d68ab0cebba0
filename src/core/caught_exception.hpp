#pragma once

#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// The name of the type of the exception that is being handled, as in the source; and what it says.
struct CaughtException {
    std::string type;
    std::string message;
    std::string code = "event-error";  ///< of the error reply
    Object fields = {};                ///< more of what it says: an ErrorReply's own

    /// What a client gets for it, of an event of this name.
    [[nodiscard]] Object as_error(const std::string& event) const;
};
/// Throws again what is no failure: the end of the thread, or of a fake process.
/// \pre called within a catch block.
[[nodiscard]] CaughtException describe_current_exception();

}  // namespace servicekit
