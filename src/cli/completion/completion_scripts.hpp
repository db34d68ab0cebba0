#pragma once

#include <string>
#include <string_view>

namespace servicekit::cli {

/// Returns the script that a shell reads to complete the command lines of a program. The script asks the program for
/// the words with its verb `complete`, in the format of completion_words.hpp.
/// \param shell   one of `shells`
/// \param program name of its file; only letters, digits, `.`, `_` and `-`
[[nodiscard]] std::string completion_script(std::string_view shell, std::string_view program);

}  // namespace servicekit::cli
