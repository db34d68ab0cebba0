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

/// The common context of all verbs.
struct Session {
    ServiceBase& service;
    ServiceCore& core;  ///< of that service
    const Invocation& invocation;
    const Tools& tools;
    Console& console;
    std::string program = {};                                 ///< name of its file, as it was called
    std::vector<std::string> arguments = {};                  ///< of service_main(), without the program
    const std::vector<ProgramVerb>* program_verbs = nullptr;  ///< added by the application; null: none
    std::optional<Error> doubt = {};                          ///< see ClientSettings
    std::optional<Error> config_fault = {};                   ///< see ClientSettings
    /// `service` is a stand-in for one that was not created. It has neither its load event nor its policies.
    bool loads_nothing = false;
    std::optional<KnownPlace> known_place = {};  ///< of the invocation, if already determined
    std::optional<Paths> recorded = {};          ///< the place of the service in a start record
};

/// Returns true if the application has a Lisp: main() attaches it before service_main(), which declares the event
/// `eval`.
[[nodiscard]] bool has_lisp(const ServiceCore& core);
[[nodiscard]] inline LispVerbs lisp_verbs(const ServiceCore& core) {
    return has_lisp(core) ? LispVerbs::shown : LispVerbs::hidden;
}

/// Fills the layers of the environment and the command line, for a verb that needs all of them to be valid.
/// \returns 0, or the exit code of the error, which is printed
int fill_settings(Session& session);
/// Does the same with `given` instead of the command line.
int fill_settings(Session& session, const std::vector<std::pair<std::string, std::string>>& given);

/// Loads the settings for a verb that talks to a running service. Errors in the configuration are warnings, and the
/// rest is used. It fails if the verb could reach the wrong service: the command line is wrong, or a source that may
/// name the place of the service cannot be read.
/// \returns 0, or the exit code of the error, which is printed
int load_as_client(Session& session);

/// \pre the settings were loaded
Result<RunningService> running_service(Session& session);

/// Returns the instance that the settings name.
/// \returns nothing if none runs; an error also if a configured place has an instance of another user
/// (ExitCode::permission), or if the place of the service is unknown (ExitCode::configuration)
Result<std::optional<Instance>> find_instance(Session& session, RunningService& running);

/// Prints the error of find_instance(), for a verb with its own exit codes.
/// \param otherwise the code if it is not one that each verb has
int fail_to_find(Session& session, const Error& error, int otherwise);

/// Connects to an instance that was found. Every verb uses this, as it checks who serves the socket.
Result<Client> connect_to(const Session& session, const Instance& instance);

/// Returns the reply to `status`. Errors name the socket.
Result<Object> status_of(Client& client, std::chrono::milliseconds at_most);

/// Prints why an event has no reply. \returns the exit code
int fail_call(Session& session, const CallError& error);

/// Returns for example "not running; looked at '/run/x.pid'".
[[nodiscard]] std::string not_running_in_words(const RunningService& running);

/// Returns for example "; it was killed and left '/run/x.pid'"; empty if there are no such files.
[[nodiscard]] std::string left_behind_in_words(const std::vector<std::string>& left_behind);

/// Loads as a client, finds the service and connects to it; then calls `talk` and returns its result. Otherwise prints
/// the reason and returns its exit code.
/// \param event the requested event
int with_client(Session& session, const std::string& event, const std::function<int(Client&)>& talk);

/// Returns the keys of the application's configuration; null if it declares none.
[[nodiscard]] const ConfigSchema* own_schema(const Session& session);

/// Returns which settings the service has.
[[nodiscard]] SettingScope setting_scope(const Session& session);

[[nodiscard]] Dialect dialect(const Session& session);
/// Returns the dialect of a program whose service is created, or has a stand-in.
[[nodiscard]] Dialect dialect_of(ServiceCore& core, LispVerbs lisp, const std::vector<ProgramVerb>* program_verbs);

/// Returns the program's name as set by main().
[[nodiscard]] const std::string& program_name(const Session& session);

}  // namespace servicekit::cli
