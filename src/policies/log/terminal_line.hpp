#pragma once

#include <string>
#include <string_view>

#include "servicekit/os/environment.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Returns true if the stream is a terminal that shows colours and they are not disabled: NO_COLOR (no-color.org),
/// TERM=dumb.
[[nodiscard]] bool takes_colours(const os::StandardStreams& streams, os::Stream stream,
                                 const os::Environment& environment);

/// Appends the same line as append_log_line(), for a person at a terminal: the time is faint, the level has a colour.
void append_coloured_line(std::string& out, const LogRecord& record, std::string_view source);

}  // namespace servicekit::policies
