#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "servicekit/os/stream_capture.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// A line of a process that dies of a signal, in memory that was taken before: there is none to be had any more.
class CrashLine {
public:
    /// Of a message that is longer, the end is left out.
    static constexpr std::size_t longest_message = os::StreamCapture::longest_line + 256;

    /// Takes the memory, which costs nothing until it is used.
    /// \param head how much may stand in a line beside the message, the time and the fields: the service's name, say
    void prepare(std::size_t head) { text_.reserve(room_for_the_rest + longest_escape * (longest_message + head)); }

    /// \param append appends the record as one line, as append_log_line() and its like do: takes no memory but the line's
    /// \returns nothing where prepare() was not called; else valid until the next call. Async-signal-safe.
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
    static constexpr std::size_t longest_escape = 6;  ///< bytes for one: \u001b
    static constexpr std::size_t room_for_the_rest = 4096;

    std::string text_;
};

}  // namespace servicekit::policies
