#pragma once

namespace servicekit::os {

/// Makes stdio write stdout line by line, as it does by default only if stdout is a terminal. If the program has made
/// it unbuffered, it stays unbuffered. Does not affect the buffer that std::cout has after
/// std::ios::sync_with_stdio(false).
/// \pre at the first call no other thread prints
void buffer_stdout_by_lines() noexcept;

}  // namespace servicekit::os
