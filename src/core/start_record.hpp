#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/layered_settings.hpp"
#include "core/paths.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// What names one instance of a service before anything is loaded. If a start and a verb have the same naming, they
/// mean the same instance, as far as the library can see.
struct StartNaming {
    std::string service;               ///< ServiceOptions::name
    std::string program;               ///< the path of the executable
    std::string config = {};           ///< the path of the config file; empty if there is none
    Object arguments = {};             ///< from the command line and the environment: settings that decide the place
    std::string user = {};             ///< the setting `user`, from the same sources
    Object app = {};                   ///< from the same sources: own keys that may decide the place, without secrets
    bool is_from_environment = false;  ///< `app` has a value of the environment, which other users cannot see
    /// The environment has a variable with the program's prefix that is not declared. The program may read it.
    bool has_undeclared_variable = false;
};

/// \param own the keys of the program's configuration; null if it has declared none
/// \returns an error if the program's file or the current directory is unknown
[[nodiscard]] Result<StartNaming> start_naming(const LayeredSettings& settings, const ConfigSchema* own,
                                               const std::string& service, const os::Host& host);

/// What a start records for later verbs: which instance it is, and where that is. A value type.
struct StartRecord {
    StartNaming naming;
    std::string started = {};  ///< RFC 3339 with microseconds
    Paths paths = {};
    bool is_computed = false;        ///< the load event has chosen the place
    std::string directory = {};      ///< the directory that the paths are relative to; empty if they are absolute
    Object settings = {};            ///< other settings of the load event that a verb needs
    std::uint64_t starts = 1;        ///< of this place, including this one, as far as records go back
    std::uint64_t unclean_ends = 0;  ///< lives in this place that ended without a stop, for as long
};

/// Makes the record of a start. \pre the settings are loaded
[[nodiscard]] Result<StartRecord> make_start_record(const LayeredSettings& settings, const ConfigSchema* own,
                                                    const std::string& service, const Paths& paths,
                                                    const os::Host& host);

/// Returns true if a verb with this naming means the instance of the record.
[[nodiscard]] bool is_meant(const StartRecord& record, const StartNaming& given, const os::Host& host);

/// Applies the record to the settings: the place overrides all layers, the rest is in the layer `on_load`.
void apply_record(const StartRecord& record, LayeredSettings& settings);

[[nodiscard]] std::string to_text(const StartRecord& record);
/// \returns nothing if the text is not a record or has a newer format
[[nodiscard]] std::optional<StartRecord> parse_start_record(std::string_view text);

}  // namespace servicekit
