#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// One argument of an event, as a command line or its user gives it.
struct GivenArgument {
    std::string name;
    std::string value;
    std::string in_words;  ///< how messages call it: with its value only if that was on the command line
};

/// All arguments of an event. No value is typed yet.
struct GivenArguments {
    std::vector<GivenArgument> named = {};
    std::optional<std::string> json = {};  ///< an object with more of them
    std::string json_in_words = {};        ///< as GivenArgument::in_words
};

/// Reads the arguments of a command line, with the values that it leaves to files (`name:=@FILE`) and to stdin
/// (`name:=-`, `--json -`), 1 MiB each at most. The newline at the end of such a value is not part of it. A value from a
/// stdin that is a terminal is asked for, and not shown.
/// \returns ExitCode::usage for what is not an argument
[[nodiscard]] Result<GivenArguments> given_arguments(const Invocation& invocation, const os::Host& host);

}  // namespace servicekit::cli
