#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/layered_settings.hpp"
#include "core/start_record.hpp"

namespace servicekit::cli {

struct Session;

/// What tells where a service is without its load event.
struct KnownPlace {
    enum class Source {
        nothing,  ///< the service has to be loaded
        given,    ///< the command line or the environment names the place, and all else that the verb needs
        record,   ///< a start has left a record
    };
    Source source = Source::nothing;
    std::optional<StartRecord> record = {};
};

/// Whether a layer says where the service is, this one or one above it. A run directory is enough without a name if it
/// has no other service in it.
[[nodiscard]] bool is_place_named(const Session& session, const Settings& settings, SettingsLayer lowest);

/// Finds out what tells where the service is. A record counts only if its start was given what the verb is given; if
/// several such instances run, no record counts, as nobody can tell which one is meant.
/// \param given what the command line gives
[[nodiscard]] KnownPlace known_place(Session& session, const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace servicekit::cli
