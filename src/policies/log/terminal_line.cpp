#include "policies/log/terminal_line.hpp"

#include "base/escaped_text.hpp"
#include "base/rfc3339.hpp"
#include "policies/log/log_line.hpp"

namespace servicekit::policies {
namespace {

constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view faint = "\x1b[2m";

/// "Select graphic rendition" of ECMA-48.
std::string_view colour(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
        case LogLevel::debug:
            return faint;
        case LogLevel::info:
            return "\x1b[32m";
        case LogLevel::warning:
            return "\x1b[33m";
        case LogLevel::error:
            return "\x1b[31m";
        case LogLevel::fatal:
            break;
    }
    return "\x1b[1;31m";
}

}  // namespace

bool takes_colours(const os::StandardStreams& streams, os::Stream stream, const os::Environment& environment) {
    return streams.is_terminal(stream) && !environment.get("NO_COLOR") &&
           environment.get("TERM").value_or("") != "dumb";
}

void append_coloured_line(std::string& out, const LogRecord& record, std::string_view source) {
    out += faint;
    append_rfc3339(out, record.time, TimePrecision::microseconds);
    (out += plain) += ' ';
    out += colour(record.level);
    out += to_string(record.level);
    (out += plain) += ' ';
    out += source;
    out += ": ";
    append_escaped(out, record.message);
    out += faint;
    append_fields(out, record);
    out += plain;
    out += '\n';
}

}  // namespace servicekit::policies
