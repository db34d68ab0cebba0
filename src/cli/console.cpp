#include "cli/console.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include "servicekit/base/json.hpp"

namespace servicekit::cli {

void Console::print(std::string_view text) {
    // Whoever reads may take his time, as in a pager.
    constexpr std::chrono::hours patience{24 * 365};
    if (output_failure_) return;
    streams_->write(os::Stream::out, {});  // what stdio has buffered stands before it
    auto written = streams_->write_within(os::Stream::out, text, patience);
    output_failure_ = std::move(written.failure);
}

void Console::print(std::string_view text, const std::function<bool()>& goes_on) {
    constexpr std::chrono::milliseconds patience{200};
    if (output_failure_) return;
    streams_->write(os::Stream::out, {});
    do {
        auto written = streams_->write_within(os::Stream::out, text, patience);
        if (!written.failure) return;
        if (written.failure->errno_value != EAGAIN) {
            output_failure_ = std::move(written.failure);
            return;
        }
        text.remove_prefix(written.bytes);
    } while (goes_on());
}

int Console::finish(int code) {
    if (code != 0 || !output_failure_ || output_failure_->errno_value == EPIPE) return code;
    return fail(*output_failure_);
}

void Console::print_json(const Object& object) {
    const bool for_people = streams_->is_terminal(os::Stream::out);
    print((for_people ? to_pretty_json(Value{object}) : to_json(object)) + "\n");
}

int Console::fail(const Error& error) {
    complain(error.message());
    return to_int(error.exit_code);
}

bool Console::shows_bars() const {
    // A dumb terminal (in an editor, a log) can't take a line back.
    return streams_->is_terminal(os::Stream::error) && environment_->get("TERM").value_or("dumb") != "dumb";
}

bool Console::shows_colours(os::Stream stream) const {
    // no-color.org: any value but the empty one.
    return streams_->is_terminal(stream) && environment_->get("TERM").value_or("dumb") != "dumb" &&
           !environment_->get("NO_COLOR");
}

std::string Console::line(std::string_view text) const { return who_ + ": " + std::string{text} + "\n"; }

}  // namespace servicekit::cli
