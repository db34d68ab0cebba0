#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/dialect.hpp"
#include "cli/invocation.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::cli {

/// The answer to a command line that runs no verb: help, the version, or an error message.
struct Answer {
    ExitCode code = ExitCode::ok;
    os::Stream stream = os::Stream::out;
    std::string text;
};

/// Parses a command line. Options may precede or follow the verb.
/// \param arguments without the program name
/// \param about the program: its name, version and description
[[nodiscard]] std::variant<Invocation, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                                  const ServiceOptions& about, const Dialect& dialect);

/// The verb by which the scripts of `completion` call the program.
inline constexpr std::string_view inner_verb = "complete";

/// The shells that `completion` supports.
inline constexpr std::array<std::string_view, 3> shells{"bash", "zsh", "fish"};

}  // namespace servicekit::cli
