#include "servicekit/base/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace servicekit {
namespace {

// There are two versions of strerror_r(3): GNU's returns the text, POSIX's returns a number and fills the buffer.
[[maybe_unused]] std::string text_from(const char* text, const char* /*buffer*/) { return text; }
[[maybe_unused]] std::string text_from(int failure, const char* buffer) {
    return failure == 0 ? std::string{buffer} : std::string{};
}

}  // namespace

std::string Error::message() const {
    std::string text;
    if (!action.empty()) text += "cannot " + action;
    if (!object.empty()) text += (text.empty() ? "'" : " '") + object + "'";
    if (!reason.empty()) text += (text.empty() ? "" : ": ") + reason;
    return text;
}

Error Error::at_stage(ExitCode code) const {
    Error staged = *this;
    const bool stays = exit_code == ExitCode::permission || exit_code == ExitCode::already_running ||
                       exit_code == ExitCode::configuration;
    if (!stays) staged.exit_code = code;
    return staged;
}

Error os_error(std::string action, std::string object, int errno_value) {
    const bool forbidden = errno_value == EPERM || errno_value == EACCES || errno_value == EROFS;
    return {.exit_code = forbidden ? ExitCode::permission : ExitCode::os,
            .action = std::move(action),
            .object = std::move(object),
            .reason = errno_text(errno_value),
            .errno_value = errno_value};
}

std::string errno_text(int errno_value) {
    std::array<char, 256> buffer{};
    std::string text = text_from(strerror_r(errno_value, buffer.data(), buffer.size()), buffer.data());
    return text.empty() ? "error " + std::to_string(errno_value) : text;
}

}  // namespace servicekit
