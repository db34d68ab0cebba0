#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/layered_settings.hpp"
#include "core/start_record.hpp"

namespace servicekit::cli {

struct Session;

/// How the place of a service is known without its load event.
struct KnownPlace {
    enum class Source {
        nothing,  ///< the service has to be loaded
        given,    ///< the command line or the environment gives the place and everything else that the verb needs
        record,   ///< a start has left a record
    };
    Source source = Source::nothing;
    std::optional<StartRecord> record = {};
};

/// Returns true if the place of the service is set in the layer `lowest` or a higher one. A run directory is enough
/// without a name if it contains no other service.
[[nodiscard]] bool is_place_named(const Session& session, const Settings& settings, SettingsLayer lowest);

/// Finds out how the place of the service is known. A record counts only if its start was given the settings that the
/// verb is given. If several such instances run, no record counts, because the choice is ambiguous.
/// \param given settings of the command line
[[nodiscard]] KnownPlace known_place(Session& session, const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace servicekit::cli
