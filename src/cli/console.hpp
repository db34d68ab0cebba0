#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/base/error.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/environment.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::cli {

/// Output to the user of a verb. Control characters of a message, a reply or a file never reach a terminal: see
/// append_escaped().
class Console {
public:
    Console(os::StandardStreams& streams, const os::Environment& environment, std::string who)
        : streams_{&streams}, environment_{&environment}, who_{std::move(who)} {}

    /// Returns the name of the service in messages.
    [[nodiscard]] const std::string& who() const noexcept { return who_; }
    void rename(std::string who) { who_ = std::move(who); }

    /// Makes the verb print one JSON document to stdout: the object of tell() or print_json(), or the error object if
    /// it fails before that. Messages still go to stderr.
    void use_json() noexcept { uses_json_ = true; }
    [[nodiscard]] bool uses_json() const noexcept { return uses_json_; }
    /// Prints the result of the verb: the text, like print(), or the object.
    void tell(std::string_view text, const Object& object) { uses_json_ ? print_json(object) : print(text); }
    /// Prints the error object of a failure whose message is already printed.
    void tell_failure(const Error& error);
    /// Leaves it to another process to print a failure as JSON, so that finish() prints none.
    void leave_failure() noexcept { has_printed_json_ = true; }
    /// Adds details to the error object.
    void explain_failure(Object fields) { failure_ = std::move(fields); }

    /// Prints a text of any number of lines to stdout. On a terminal it is escaped, except newlines and tabs. finish()
    /// reports a failed write; nothing is printed after that.
    void print(std::string_view text);
    /// Does the same for a verb that has blocked signals.
    /// \param goes_on called several times a second while the reader does not read; the rest is dropped when it returns
    /// false
    void print(std::string_view text, const std::function<bool()>& goes_on);
    /// Returns true if a write to stdout has failed. Further output is dropped.
    [[nodiscard]] bool output_has_failed() const noexcept { return output_failure_.has_value(); }
    /// Prints an object to stdout: indented on a terminal, otherwise on one line.
    void print_json(const Object& object);
    /// Prints "just-another-server: TEXT" to stdout, on one line.
    void say(std::string_view text) { print(line(text)); }
    /// Prints the same line, or the object.
    void say(std::string_view text, const Object& object) { tell(line(text), object); }
    /// Prints a text of several lines to stderr, escaped except newlines and tabs.
    void print_error(std::string_view text);
    /// Prints the same line as say(), to stderr.
    void complain(std::string_view text) {
        complaint_ = text;
        streams_->write(os::Stream::error, line(text));
    }
    void warn(const Error& error) { streams_->write(os::Stream::error, line("warning: " + error.message())); }
    /// Prints an error. \returns its exit code
    int fail(const Error& error);
    /// \returns the exit code of a verb that would end with `code`. A failed write to stdout turns success into
    /// failure, unless the reader has closed the pipe.
    int finish(int code);

    [[nodiscard]] bool shows_bars() const;
    [[nodiscard]] bool shows_colours(os::Stream stream) const;
    [[nodiscard]] os::StandardStreams& streams() noexcept { return *streams_; }

private:
    [[nodiscard]] Object error_object(int code) const;
    [[nodiscard]] std::string line(std::string_view text) const;
    /// Returns the text as print() shows it. An incomplete character at its end is kept for the next text.
    [[nodiscard]] std::string shown(std::string_view text);

    os::StandardStreams* streams_;
    const os::Environment* environment_;
    std::string who_;
    std::optional<Error> output_failure_;
    bool uses_json_ = false;
    bool has_printed_json_ = false;
    std::string complaint_;  ///< the last message
    Object failure_;         ///< see explain_failure()
    std::string begun_;      ///< the first bytes of a character that the next text completes
};

}  // namespace servicekit::cli
