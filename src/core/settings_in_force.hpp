#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/layered_settings.hpp"
#include "core/paths.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// A setting with the value in force and its origin.
struct SettingInForce {
    std::string_view name;
    Value value;              ///< null: the setting has no value
    std::string_view origin;  ///< the layer, or for example "policy" or "not set"
};

/// Returns every setting in the order of the help text. Paths that determine the place of the service are absolute.
/// \param policies what is in force according to them
[[nodiscard]] std::vector<SettingInForce> settings_in_force(const LayeredSettings& settings, const Paths& paths,
                                                            const PolicyReferences& policies);

/// Returns the program's own part of the config file for people. Values are `***` if their keys look like secrets or
/// the program has declared them as such. So are passwords in URLs.
/// \param schema of the keys, if the program has declared them
[[nodiscard]] Value app_in_words(const Value& app, const ConfigSchema* schema = nullptr);

}  // namespace servicekit
