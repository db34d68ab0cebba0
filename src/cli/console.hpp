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

/// What the user of a verb sees. Whatever a message, a reply or a file holds, no control character of it reaches a
/// terminal: see append_escaped().
class Console {
public:
    Console(os::StandardStreams& streams, const os::Environment& environment, std::string who)
        : streams_{&streams}, environment_{&environment}, who_{std::move(who)} {}

    /// The service, as messages name it.
    [[nodiscard]] const std::string& who() const noexcept { return who_; }
    void rename(std::string who) { who_ = std::move(who); }

    /// From now on the verb prints one JSON document to stdout: what tell() and print_json() have, or the error object if it
    /// fails without one. Messages still go to stderr.
    void use_json() noexcept { uses_json_ = true; }
    [[nodiscard]] bool uses_json() const noexcept { return uses_json_; }
    /// What the verb has to say: the text, as print() prints it, or the object.
    void tell(std::string_view text, const Object& object) { uses_json_ ? print_json(object) : print(text); }
    /// Prints the error object for a failure of which a message was printed already.
    void tell_failure(const Error& error);
    /// More of why the verb fails, for the error object.
    void explain_failure(Object fields) { failure_ = std::move(fields); }

    /// A text of any number of lines to stdout: on a terminal escaped but for newlines and tabs, elsewhere as it is.
    /// finish() reports what could not be written; nothing is printed after that.
    void print(std::string_view text);
    /// The same for a verb that has signals blocked. \param goes_on is asked several times a second while the reader
    ///        takes nothing; the rest is dropped once it says no
    void print(std::string_view text, const std::function<bool()>& goes_on);
    /// Whether stdout takes no more: what is printed from now on is dropped.
    [[nodiscard]] bool output_has_failed() const noexcept { return output_failure_.has_value(); }
    /// An object to stdout: for people on a terminal, on one line otherwise.
    void print_json(const Object& object);
    /// "just-another-server: TEXT" to stdout, on one line.
    void say(std::string_view text) { print(line(text)); }
    /// As say() with an object in its place.
    void say(std::string_view text, const Object& object) { tell(line(text), object); }
    /// A text of several lines to stderr, escaped but for newlines and tabs.
    void print_error(std::string_view text);
    /// As say(), to stderr.
    void complain(std::string_view text) {
        complaint_ = text;
        streams_->write(os::Stream::error, line(text));
    }
    void warn(const Error& error) { streams_->write(os::Stream::error, line("warning: " + error.message())); }
    /// Prints what went wrong. \returns the exit code for it
    int fail(const Error& error);
    /// \returns the exit code of a verb that would end with `code`: a success is none where stdout did not take what was
    ///          to be printed. A reader that has gone wanted no more.
    int finish(int code);

    [[nodiscard]] bool shows_bars() const;
    [[nodiscard]] bool shows_colours(os::Stream stream) const;
    [[nodiscard]] os::StandardStreams& streams() noexcept { return *streams_; }

private:
    [[nodiscard]] Object error_object(int code) const;
    [[nodiscard]] std::string line(std::string_view text) const;
    /// As print() shows it. The beginning of a character at the end of the text is kept for the next one.
    [[nodiscard]] std::string shown(std::string_view text);

    os::StandardStreams* streams_;
    const os::Environment* environment_;
    std::string who_;
    std::optional<Error> output_failure_;
    bool uses_json_ = false;
    bool has_printed_json_ = false;
    std::string complaint_;  ///< the last one
    Object failure_;         ///< see explain_failure()
    std::string begun_;      ///< the first bytes of a character whose other bytes come with the next text
};

}  // namespace servicekit::cli
