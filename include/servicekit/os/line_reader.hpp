#pragma once

#include <memory>
#include <optional>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Reads what somebody types, a line at a time. On a terminal lines can be edited, and earlier ones recalled, if libedit
/// is installed and the library was built with it. Otherwise they come as the terminal gives them.
/// While there is one for a terminal SIGINT, which Ctrl-C sends, does not end the process but is told here.
class LineReader {
public:
    virtual ~LineReader() = default;
    /// \param prompt shown on a terminal only
    /// \returns the line in UTF-8, without its end; nothing where there are no more; an error of EINTR where Ctrl-C was
    ///          typed, which drops the line
    virtual Result<std::optional<std::string>> read_line(const std::string& prompt) = 0;
    /// Whether Ctrl-C was typed while no line was read; told once.
    virtual bool take_interrupt() = 0;
};

/// Makes the character set of the process UTF-8 where it reads from a terminal.
/// \pre the thread is the only one of its process
[[nodiscard]] std::unique_ptr<LineReader> make_posix_line_reader();

}  // namespace servicekit::os
