#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace servicekit::os {

/// Reads the whole of a file in /proc, or of another file whose size is not known in advance.
/// \returns nothing with errno if it cannot be read.
[[nodiscard]] std::optional<std::string> read_proc_file(const std::string& path);

/// Returns the rest of the line that starts with `key`, without leading white space, from text in the format of
/// /proc/PID/status, proc(5). For "Uid:" in "Name:\tcat\nUid:\t0\t0\t0\t0\n" it is "0\t0\t0\t0".
/// \returns nothing if there is no such line.
[[nodiscard]] std::optional<std::string_view> proc_line(std::string_view text, std::string_view key);

/// Returns true if /proc shows the pid namespace of this process, not another one that it was mounted for.
[[nodiscard]] bool is_proc_of_own_namespace();

/// Takes the next word, up to white space, off the front of `text`.
[[nodiscard]] std::string_view next_word(std::string_view& text);

}  // namespace servicekit::os
