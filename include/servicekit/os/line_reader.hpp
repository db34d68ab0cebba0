#pragma once

#include <memory>
#include <optional>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Reads what somebody types, a line at a time. On a terminal lines can be edited, and earlier ones recalled, where
/// libedit is installed; elsewhere they come as they are.
class LineReader {
public:
    virtual ~LineReader() = default;
    /// \param prompt shown on a terminal only
    /// \returns the line without its end; nothing where there are no more
    virtual Result<std::optional<std::string>> read_line(const std::string& prompt) = 0;
};

[[nodiscard]] std::unique_ptr<LineReader> make_posix_line_reader();

}  // namespace servicekit::os
