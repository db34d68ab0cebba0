#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/running_service.hpp"
#include "cli/session.hpp"
#include "servicekit/base/error.hpp"

namespace servicekit::cli {

/// The result of loading the settings for a verb that talks to a running service.
struct ClientSettings {
    std::vector<Error> warnings = {};
    /// Why the verb must not continue. ExitCode::usage: the command line is wrong. ExitCode::configuration: the place
    /// of the service is unknown.
    std::optional<Error> refusal = {};
    /// Why an instance has to confirm that it is the right one: a source that may name the place of the service failed.
    std::optional<Error> doubt = {};
    /// Why the contents of the config file are unknown.
    std::optional<Error> config_fault = {};
};

/// Loads the settings of the session's service. Prints nothing.
[[nodiscard]] ClientSettings load_client_settings(Session& session,
                                                  const std::vector<std::pair<std::string, std::string>>& given);

/// Returns the error of a verb that must not continue, since it might act on the wrong service.
[[nodiscard]] Error place_is_unknown(const Error& why);

/// Returns true if two paths name the same config file. Empty: none.
[[nodiscard]] bool is_same_config(const std::string& one, const std::string& other, os::Files& files);

/// Returns true if a running instance confirms that it has the same config file, and that its load event did not choose
/// its place.
[[nodiscard]] bool confirms(Session& session, const Instance& instance);

}  // namespace servicekit::cli
