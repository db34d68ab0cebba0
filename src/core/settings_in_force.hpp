#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/paths.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// A setting with the value in force and its origin.
struct SettingInForce {
    std::string_view name;
    Value value;              ///< null: the setting has no value
    std::string_view origin;  ///< the layer, or for example "policy" or "not set"
};

/// Returns every setting in the order of the help text. Paths that determine the place of the service are absolute.
/// \param log, control what is in force according to the policies
[[nodiscard]] std::vector<SettingInForce> settings_in_force(const Settings& settings, const Paths& paths,
                                                            const LogPlan& log, const ControlAccess& control);

/// Returns the program's own part of the config file for people. Values are `***` if their keys look like secrets or
/// the program has declared them as such. So are passwords in URLs.
/// \param schema of the keys, if the program has declared them
[[nodiscard]] Value app_in_words(const Value& app, const ConfigSchema* schema = nullptr);

}  // namespace servicekit
