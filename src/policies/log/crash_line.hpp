#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "servicekit/os/stream_capture.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Renders the log line of a process that dies of a signal. Its memory is reserved in advance, as none can be allocated
/// then.
class CrashLine {
public:
    /// A longer message is truncated.
    static constexpr std::size_t longest_message = os::StreamCapture::longest_line + 256;

    /// Reserves the memory, which costs nothing until it is used.
    /// \param head most bytes in a line beside the message, the time and the fields, such as the service's name
    void prepare(std::size_t head) { text_.reserve(room_for_the_rest + longest_escape * (longest_message + head)); }

    /// \param append appends the record as one line, like append_log_line(); it allocates nothing but the line
    /// \returns an empty text if prepare() was not called; else a line that is valid until the next call.
    /// Async-signal-safe.
    template <class Append>
    [[nodiscard]] std::string_view render(const LogRecord& record, const Append& append) noexcept {
        text_.clear();
        if (text_.capacity() < longest_message) return {};
        LogRecord shown = record;
        shown.message = record.message.substr(0, longest_message);
        shown.source = {};
        append(text_, shown);
        return text_;
    }

private:
    static constexpr std::size_t longest_escape = 6;  ///< bytes of one escape: \u001b
    static constexpr std::size_t room_for_the_rest = 4096;

    std::string text_;
};

}  // namespace servicekit::policies
