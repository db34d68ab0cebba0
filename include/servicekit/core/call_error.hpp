#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "servicekit/base/error.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit {

/// The reason why a call of an event failed: the error reply of the service, or what prevented a reply. Client::call()
/// returns it, and ServiceBase::trigger() throws it.
class CallError : public std::runtime_error {
public:
    /// An error reply. \param fields fields besides `code` and `message`
    CallError(std::string code, const std::string& message, const Object& fields = {});
    /// A call without a reply.
    CallError(Error cause);  // NOLINT(google-explicit-constructor)

    /// A code of docs/protocol.md, such as "event-not-found", or one of the service's own. Empty if there was no reply.
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    /// The whole error object, with `code` and `message`. Empty if there was no reply.
    [[nodiscard]] const Object& fields() const noexcept { return fields_; }
    /// \returns true if the service has replied.
    [[nodiscard]] bool is_reply() const noexcept { return !code_.empty(); }
    /// The same as an Error, with an exit code and an errno: "cannot run 'backup': disk full (event-error)".
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    std::string code_;
    Object fields_;
    Error error_;
};

}  // namespace servicekit
