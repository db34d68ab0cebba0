#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace servicekit::test {

/// Looks every few milliseconds, for states of which nobody tells, until it is so.
/// \param what for the message: "the log tells of the reload"
/// \throws std::runtime_error when a test's patience is over
void await_state(std::string_view what, const std::function<bool()>& is_so);
/// Waits until the file holds the text.
void await_text_in(const std::string& path, std::string_view text);

}  // namespace servicekit::test
