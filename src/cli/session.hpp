#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/console.hpp"
#include "cli/dialect.hpp"
#include "cli/invocation.hpp"
#include "cli/known_place.hpp"
#include "cli/running_service.hpp"
#include "cli/tools.hpp"
#include "cli/verbs.hpp"
#include "core/service_core.hpp"
#include "servicekit/client.hpp"
#include "servicekit/core/service_base.hpp"

namespace servicekit::cli {

/// What every verb works with.
struct Session {
    ServiceBase& service;
    ServiceCore& core;  ///< of that service
    const Invocation& invocation;
    const Tools& tools;
    Console& console;
    std::string program = {};                                 ///< the name of its file, as it was called
    std::vector<std::string> arguments = {};                  ///< all that service_main() was given after the program
    const std::vector<ProgramVerb>* program_verbs = nullptr;  ///< those that it adds; null: none
    std::optional<Error> doubt = {};                          ///< see ClientSettings
    std::optional<Error> config_fault = {};                   ///< see ClientSettings
    /// `service` stands in for one that was not made, and has neither its load event nor its own policies.
    bool loads_nothing = false;
    std::optional<KnownPlace> known_place = {};  ///< of the invocation, if that was found out already
    std::optional<Paths> recorded = {};          ///< where a record says that the service is
};

/// Whether the program has a Lisp: main() attaches it before service_main(), which declares the event `eval`.
[[nodiscard]] bool has_lisp(const ServiceCore& core);
[[nodiscard]] inline LispVerbs lisp_verbs(const ServiceCore& core) {
    return has_lisp(core) ? LispVerbs::shown : LispVerbs::hidden;
}

/// Fills the layers that the environment and the command line give, for a verb that needs all of them to be right.
/// \returns 0, or the exit code for what was wrong, which was printed.
int fill_settings(Session& session);
/// The same with what the command line is taken to give.
int fill_settings(Session& session, const std::vector<std::pair<std::string, std::string>>& given);

/// Loads as a verb that talks to a running service does: what is wrong with the configuration is a warning, and the rest
/// is used. It fails if the verb could meet another service than is meant: if the command line is wrong, or if what may say
/// where the service is, can't be read.
/// \returns 0, or the exit code for what was wrong, which was printed.
int load_as_client(Session& session);

/// \pre the settings were loaded
Result<RunningService> running_service(Session& session);

/// The instance that is meant.
/// \returns nothing if none runs; an error, too, if somebody else's instance is at a named place (ExitCode::permission), or
///          if nobody can tell where the service is (ExitCode::configuration)
Result<std::optional<Instance>> find_instance(Session& session, RunningService& running);

/// For a verb that has exit codes of its own: prints the error of find_instance().
/// \param otherwise the code if it is not one that each verb has
int fail_to_find(Session& session, const Error& error, int otherwise);

/// Connects to an instance that was found. Every verb connects by this, as it checks who serves the socket.
Result<Client> connect_to(const Session& session, const Instance& instance);

/// The reply to `status`. Errors name the socket.
Result<Object> status_of(Client& client, std::chrono::milliseconds at_most);

/// Prints why an event has no reply. \returns the exit code for it
int fail_call(Session& session, const CallError& error);

/// "not running; looked at '/run/x.pid'"
[[nodiscard]] std::string not_running_in_words(const RunningService& running);

/// Loads as a client, finds the service and connects to it; then calls `talk` and returns what that returns.
/// Otherwise prints why not and returns the exit code for it.
/// \param event what the service is asked for
int with_client(Session& session, const std::string& event, const std::function<int(Client&)>& talk);

/// The keys of the program's own configuration; null if it has declared none.
[[nodiscard]] const ConfigSchema* own_schema(const Session& session);

[[nodiscard]] Dialect dialect(const Session& session);

/// The program's name, the one that it gets from main().
[[nodiscard]] const std::string& program_name(const Session& session);

}  // namespace servicekit::cli
