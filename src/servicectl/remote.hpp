#pragma once

#include <string>
#include <vector>

namespace servicekit::servicectl {

/// Returns the word as a POSIX shell reads it back: in single quotes.
[[nodiscard]] std::string quoted_for_shell(const std::string& word);
/// Returns the command that runs servicectl on another host.
/// \param arguments of servicectl; `-H HOST` is left out of them
/// \param has_terminal whether the remote command may ask a question
/// \pre the host does not begin with a dash
[[nodiscard]] std::vector<std::string> remote_command(const std::string& host,
                                                      const std::vector<std::string>& arguments, bool has_terminal);

}  // namespace servicekit::servicectl
