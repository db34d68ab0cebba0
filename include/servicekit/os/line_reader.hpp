#pragma once

#include <memory>
#include <optional>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Reads what a user types, line by line. On a terminal, lines can be edited and earlier ones recalled if libedit is
/// installed and the library was built with it; otherwise lines are read as the terminal delivers them. While a reader
/// for a terminal exists, SIGINT, which Ctrl-C sends, does not end the process but is reported here.
class LineReader {
public:
    virtual ~LineReader() = default;
    /// \param prompt shown on a terminal only
    /// \returns the line in UTF-8 without its newline; nothing at the end of the input; an error with EINTR if Ctrl-C
    ///          was typed, which drops the line
    virtual Result<std::optional<std::string>> read_line(const std::string& prompt) = 0;
    /// \returns true if Ctrl-C was typed while no line was being read. Resets that.
    virtual bool take_interrupt() = 0;
};

/// Sets the character set of the process to UTF-8 if it reads from a terminal.
/// \pre the thread is the only one of its process
[[nodiscard]] std::unique_ptr<LineReader> make_posix_line_reader();

}  // namespace servicekit::os
