#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/paths.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// One setting, with what holds for it and why.
struct SettingInForce {
    std::string_view name;
    Value value;              ///< null: it has none
    std::string_view origin;  ///< the layer, or another of the words of `where`
};

/// Every setting in the order of the help text. Paths that say where the service is are absolute.
/// \param log, control what the policies say is in force
[[nodiscard]] std::vector<SettingInForce> settings_in_force(const Settings& settings, const Paths& paths,
                                                            const LogPlan& log, const ControlAccess& control);

/// The program's own part of the config file, for people: the values of keys that look like secrets, or that the program
/// has declared as such, are `***`, and passwords in URLs.
/// \param schema of the keys, if the program has declared them
[[nodiscard]] Value app_in_words(const Value& app, const ConfigSchema* schema = nullptr);

}  // namespace servicekit
