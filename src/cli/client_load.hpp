#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/running_service.hpp"
#include "cli/session.hpp"
#include "servicekit/base/error.hpp"

namespace servicekit::cli {

/// What a verb that talks to a running service knows once its settings are loaded.
struct ClientSettings {
    std::vector<Error> warnings = {};
    /// Why the verb must not go on. ExitCode::usage: the command line is wrong. ExitCode::configuration: nobody knows where
    /// the service is.
    std::optional<Error> refusal = {};
    /// Why an instance has to confirm that it is the one that is meant: something that may say where the service is, failed.
    std::optional<Error> doubt = {};
    /// Why what the config file says is unknown.
    std::optional<Error> config_fault = {};
};

/// Loads the settings of the session's service. Prints nothing.
[[nodiscard]] ClientSettings load_client_settings(Session& session,
                                                  const std::vector<std::pair<std::string, std::string>>& given);

/// The error of a verb that must not go on, since it might act on another service than is meant.
[[nodiscard]] Error place_is_unknown(const Error& why);

/// Whether two paths name one config file. Empty: there is none.
[[nodiscard]] bool is_same_config(const std::string& one, const std::string& other, os::Files& files);

/// Whether a running instance confirms that it has the same config file, and that its load event did not choose its place.
[[nodiscard]] bool confirms(Session& session, const Instance& instance);

}  // namespace servicekit::cli
