#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace servicekit::os {

/// The whole of a file below /proc, or of another whose size can't be told before it is read.
/// \returns nothing where it can't be read, with errno telling why.
[[nodiscard]] std::optional<std::string> read_proc_file(const std::string& path);

/// The rest of the line that starts with `key`, without white space in front, in what proc(5) calls a status file:
/// for "Uid:" in "Name:\tcat\nUid:\t0\t0\t0\t0\n" it is "0\t0\t0\t0".
/// \returns nothing where there is no such line.
[[nodiscard]] std::optional<std::string_view> proc_line(std::string_view text, std::string_view key);

/// Whether the pids below /proc are those of this process's pid namespace, and not of the one that it was mounted for.
[[nodiscard]] bool is_proc_of_own_namespace();

/// Takes the next word off the front of `text`: what stands up to white space.
[[nodiscard]] std::string_view next_word(std::string_view& text);

}  // namespace servicekit::os
