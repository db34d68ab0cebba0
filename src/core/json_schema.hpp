#pragma once

#include "core/setting_table.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/config_schema.hpp"

namespace servicekit {

/// Returns a JSON Schema (draft 2020-12) of the whole config file.
/// \param own the keys under `app`; null if the program has declared none: then `app` may have any value
/// \param scope which settings there are
[[nodiscard]] Object json_schema(const ConfigSchema* own, SettingScope scope);

}  // namespace servicekit
