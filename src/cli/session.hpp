#pragma once

#include <functional>
#include <string>

#include "cli/console.hpp"
#include "cli/invocation.hpp"
#include "cli/running_service.hpp"
#include "cli/tools.hpp"
#include "servicekit/client.hpp"
#include "servicekit/core/service_base.hpp"

namespace servicekit::cli {

/// What every verb works with.
struct Session {
    ServiceBase& service;
    const Invocation& invocation;
    const Tools& tools;
    Console& console;
    std::string program = {};  ///< the name of its file, as it was called
};

/// Fills the layers that the environment and the command line give, for a verb that needs all of them to be right.
/// \returns 0, or the exit code for what was wrong, which was printed.
int fill_settings(Session& session);

/// Loads as a verb that talks to a running service does: what is wrong with the configuration is a warning, and the
/// rest is used. A command line that is wrong is not carried out, since it would meet another service than was meant.
/// \returns 0, or the exit code for what was wrong, which was printed.
int load_as_client(Session& session);

/// \pre the settings were loaded
Result<RunningService> running_service(Session& session);

/// "not running; looked at '/run/x.pid'"
[[nodiscard]] std::string not_running_in_words(const RunningService& running);

/// Loads as a client, finds the service and connects to it; then calls `talk` and returns what that returns.
/// Otherwise prints why not and returns the exit code for it; so it does with an error reply that `talk` throws.
/// \param event what the service is asked for
int with_client(Session& session, const std::string& event, const std::function<int(Client&)>& talk);

/// The program's name, the one that it gets from main().
[[nodiscard]] const std::string& program_name(const Session& session);

}  // namespace servicekit::cli
