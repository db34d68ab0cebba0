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

/// What a command line that runs no verb gets: help, the version, or what is wrong with it.
struct Answer {
    ExitCode code = ExitCode::ok;
    os::Stream stream = os::Stream::out;
    std::string text;
};

/// Understands a command line. Options may stand before and after the verb.
/// \param arguments without the program's own name
/// \param about     the program: its name, version and description
[[nodiscard]] std::variant<Invocation, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                                  const ServiceOptions& about, const Dialect& dialect);

/// How the scripts of `completion` call the program.
inline constexpr std::string_view inner_verb = "complete";

/// The shells that `completion` knows.
inline constexpr std::array<std::string_view, 3> shells{"bash", "zsh", "fish"};

}  // namespace servicekit::cli
