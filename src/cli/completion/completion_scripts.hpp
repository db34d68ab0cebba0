#pragma once

#include <string>
#include <string_view>

namespace servicekit::cli {

/// What a shell reads to complete the command lines of a program: it asks the program itself for the words, by its verb
/// `complete`, in the form of completion_words.hpp.
/// \param shell   one of `shells`
/// \param program its file's name, of letters, digits, `.`, `_` and `-` only
[[nodiscard]] std::string completion_script(std::string_view shell, std::string_view program);

}  // namespace servicekit::cli
