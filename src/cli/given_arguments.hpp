#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// One argument of an event, from a command line or its user.
struct GivenArgument {
    std::string name;
    std::string value;
    std::string in_words;  ///< its form in messages; includes the value only if that was on the command line
};

/// All arguments of an event. The values have no types yet.
struct GivenArguments {
    std::vector<GivenArgument> named = {};
    std::optional<std::string> json = {};  ///< an object with further arguments
    std::string json_in_words = {};        ///< like GivenArgument::in_words
};

/// Reads the arguments of a command line. Values may be in files (`name:=@FILE`) and on stdin (`name:=-`, `--json -`),
/// at most 1 MiB each. A newline at the end of such a value is removed. If stdin is a terminal, the value is prompted
/// for and not echoed.
/// \returns ExitCode::usage for an invalid argument
[[nodiscard]] Result<GivenArguments> given_arguments(const Invocation& invocation, const os::Host& host);

}  // namespace servicekit::cli
