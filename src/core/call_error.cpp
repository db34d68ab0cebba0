#include "servicekit/core/call_error.hpp"

#include <utility>

namespace servicekit {

CallError::CallError(std::string code, const std::string& message, const Object& fields)
    : std::runtime_error{message},
      code_{code.empty() ? "event-error" : std::move(code)},
      fields_{{"code", code_}, {"message", message}} {
    for (const auto& [key, value] : fields)
        if (key != "code" && key != "message") fields_.set(key, value);
    error_ = Error{ExitCode::internal, "run", fields_.get<std::string>("event", {}), message + " (" + code_ + ")"};
}

CallError::CallError(Error cause) : std::runtime_error{cause.message()}, error_{std::move(cause)} {}

}  // namespace servicekit
