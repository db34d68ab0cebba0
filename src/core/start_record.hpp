#pragma once

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

/// What names one instance of a service before anything is loaded. A start and a verb that are given the same mean the
/// same instance, as far as the library can see.
struct StartNaming {
    std::string service;      ///< ServiceOptions::name
    std::string program;      ///< the path of its file
    std::string config = {};  ///< the path of the config file; empty if there is none
    Object arguments = {};    ///< of the command line and the environment: settings that decide the place
    std::string user = {};    ///< the setting `user`, from the same
    Object app = {};          ///< from the same: keys of the program's own that may decide the place, without secrets
    bool is_from_environment = false;  ///< `app` has a value of the environment, which other users can't see
    /// A variable with the prefix of the program is set that nobody has declared. The program may read it.
    bool has_undeclared_variable = false;
};

/// \param own the keys of the program's configuration; null if it has declared none
/// \returns an error if the file of the program or the current directory can't be told
[[nodiscard]] Result<StartNaming> start_naming(const LayeredSettings& settings, const ConfigSchema* own,
                                               const std::string& service, const os::Host& host);

/// What a start writes down for verbs that come later: which instance it is, and where that is. A value type.
struct StartRecord {
    StartNaming naming;
    std::string started = {};  ///< RFC 3339 with microseconds
    Paths paths = {};
    bool is_computed = false;    ///< the load event has chosen the place
    std::string directory = {};  ///< the directory that the place is relative to; empty: it is not
    Object settings = {};        ///< what else the load event has set that a verb needs
};

/// The record of a start. \pre the settings are loaded
[[nodiscard]] Result<StartRecord> make_start_record(const LayeredSettings& settings, const ConfigSchema* own,
                                                    const std::string& service, const Paths& paths,
                                                    const os::Host& host);

/// Whether a verb that is given this means the instance of the record.
[[nodiscard]] bool is_meant(const StartRecord& record, const StartNaming& given, const os::Host& host);

/// Has the settings say what the record says, below the command line and the environment.
void apply_record(const StartRecord& record, LayeredSettings& settings);

[[nodiscard]] std::string to_text(const StartRecord& record);
/// \returns nothing for a text that is not a record, or one of a newer format
[[nodiscard]] std::optional<StartRecord> parse_start_record(std::string_view text);

}  // namespace servicekit
