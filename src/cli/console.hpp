#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "servicekit/base/error.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/environment.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::cli {

/// What the user of a verb sees.
class Console {
public:
    Console(os::StandardStreams& streams, const os::Environment& environment, std::string who)
        : streams_{&streams}, environment_{&environment}, who_{std::move(who)} {}

    /// The service, as messages name it.
    [[nodiscard]] const std::string& who() const noexcept { return who_; }
    void rename(std::string who) { who_ = std::move(who); }

    /// To stdout, as it is.
    void print(std::string_view text) { streams_->write(os::Stream::out, text); }
    /// An object to stdout: for people on a terminal, on one line otherwise.
    void print_json(const Object& object);
    /// "just-another-server: TEXT" to stdout.
    void say(std::string_view text) { write_line(os::Stream::out, text); }
    /// The same to stderr.
    void complain(std::string_view text) { write_line(os::Stream::error, text); }
    void warn(const Error& error) { complain("warning: " + error.message()); }
    /// Prints what went wrong. \returns the exit code for it
    int fail(const Error& error);

    [[nodiscard]] bool shows_bars() const;
    [[nodiscard]] bool shows_colours(os::Stream stream) const;
    [[nodiscard]] os::StandardStreams& streams() noexcept { return *streams_; }

private:
    void write_line(os::Stream stream, std::string_view text);

    os::StandardStreams* streams_;
    const os::Environment* environment_;
    std::string who_;
};

}  // namespace servicekit::cli
