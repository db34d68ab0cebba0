#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace servicekit::test {

/// Polls every few milliseconds until the state is reached, for states that send no notification.
/// \param what for the message: "the log contains the reload"
/// \throws std::runtime_error if the test's time limit expires
void await_state(std::string_view what, const std::function<bool()>& is_so);
/// Waits until the file holds the text.
void await_text_in(const std::string& path, std::string_view text);

}  // namespace servicekit::test
