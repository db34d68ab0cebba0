#pragma once

#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// The exception that is being handled: the name of its type, as in the source, and its message.
struct CaughtException {
    std::string type;
    std::string message;
    std::string code = "event-error";  ///< of the error reply
    Object fields = {};                ///< additional fields, from an ErrorReply

    /// Returns the error object of the reply to this event.
    [[nodiscard]] Object as_error(const std::string& event) const;
};
/// Describes the current exception. Rethrows it if it is not a failure but the end of the thread, or of a fake process.
/// \pre called within a catch block
[[nodiscard]] CaughtException describe_current_exception();

}  // namespace servicekit
