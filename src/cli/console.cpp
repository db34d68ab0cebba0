#include "cli/console.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/escaped_text.hpp"
#include "cli/exit_status.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cli {

namespace {

std::string_view code_name(int code) {
    switch (code) {
        case exit_status::not_running:
        case exit_status::no_service:
            return "not-running";
        case to_int(ExitCode::usage):
            return "usage";
        case to_int(ExitCode::already_running):
            return "already-running";
        case to_int(ExitCode::internal):
            return "internal";
        case to_int(ExitCode::os):
            return "os";
        case to_int(ExitCode::cannot_create):
            return "cannot-create";
        case to_int(ExitCode::timeout):
            return "timeout";
        case to_int(ExitCode::permission):
            return "permission";
        case to_int(ExitCode::configuration):
            return "configuration";
        default:
            return "failed";
    }
}

}  // namespace

void Console::print(std::string_view text) {
    // The reader may pause, as a pager does.
    constexpr std::chrono::hours patience{24 * 365};
    if (output_failure_) return;
    streams_->write(os::Stream::out, {});  // writes what stdio has buffered first
    auto written = streams_->write_within(os::Stream::out, shown(text), patience);
    output_failure_ = std::move(written.failure);
}

void Console::print(std::string_view text, const std::function<bool()>& goes_on) {
    constexpr std::chrono::milliseconds patience{200};
    if (output_failure_) return;
    streams_->write(os::Stream::out, {});
    const std::string whole = shown(text);
    std::string_view rest = whole;
    do {
        auto written = streams_->write_within(os::Stream::out, rest, patience);
        if (!written.failure) return;
        if (written.failure->errno_value != EAGAIN) {
            output_failure_ = std::move(written.failure);
            return;
        }
        rest.remove_prefix(written.bytes);
    } while (goes_on());
}

void Console::print_error(std::string_view text) { streams_->write(os::Stream::error, escaped(text, Breaks::allow)); }

int Console::finish(int code) {
    // An incomplete character is left.
    if (const std::string rest = std::exchange(begun_, {}); !rest.empty()) print(rest + "\n");
    if (code != 0 && uses_json_ && !has_printed_json_) print_json(Object{{"error", error_object(code)}});
    if (code != 0 || !output_failure_ || output_failure_->errno_value == EPIPE) return code;
    return fail(*output_failure_);
}

void Console::print_json(const Object& object) {
    has_printed_json_ = true;
    const bool for_people = streams_->is_terminal(os::Stream::out);
    print((for_people ? to_pretty_json(Value{object}) : to_json(object)) + "\n");
}

int Console::fail(const Error& error) {
    complain(error.message());
    return to_int(error.exit_code);
}

void Console::tell_failure(const Error& error) {
    complaint_ = error.message();
    print_json(Object{{"error", error_object(to_int(error.exit_code))}});
}

Object Console::error_object(int code) const {
    Object error{{"code", code_name(code)}, {"message", complaint_}};
    for (const auto& [key, value] : failure_) error.set(key, value);
    error.set("exit-code", code);
    return error;
}

bool Console::shows_bars() const {
    // A dumb terminal (in an editor, a log) cannot overwrite a line.
    return streams_->is_terminal(os::Stream::error) && environment_->get("TERM").value_or("dumb") != "dumb";
}

bool Console::shows_colours(os::Stream stream) const {
    // no-color.org: any value except an empty one.
    return streams_->is_terminal(stream) && environment_->get("TERM").value_or("dumb") != "dumb" &&
           !environment_->get("NO_COLOR");
}

std::string Console::line(std::string_view text) const { return escaped(who_ + ": " + std::string{text}) + "\n"; }

std::string Console::shown(std::string_view text) {
    if (!streams_->is_terminal(os::Stream::out)) return std::string{text};
    std::string whole = std::exchange(begun_, {}) + std::string{text};
    const std::size_t end = whole.size() - unfinished_character(whole);
    begun_ = whole.substr(end);
    whole.resize(end);
    return escaped(whole, Breaks::allow);
}

}  // namespace servicekit::cli
