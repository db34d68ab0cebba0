#include "cli/setting_options.hpp"

#include <algorithm>

#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

std::string placeholder_of(const ConfigKey& key) {
    const std::string type = key.json_schema.get<std::string>("type", {});
    if (type == "boolean") return {};
    if (type == "integer" || type == "number") return "N";
    if (type == "array") return "LIST";
    return key.expected == "a path" ? "FILE" : type == "string" ? "TEXT" : "VALUE";
}

std::string with_default(std::string_view description, std::string_view value) {
    if (value.empty()) return std::string{description};
    const std::string told = "default: " + std::string{value};
    return description.empty() ? told : std::string{description} + " (" + told + ")";
}

/// Returns the default for the help text; empty if it is obvious.
std::string default_in_words(const ConfigKey& key) {
    const Value& value = key.default_value;
    if (key.options.required) return "none; it must be set";
    if (value.is_null() || value.is_bool()) return {};
    if (value.is_string()) return value.as_string();
    if (value.is_list() && value.as_list().empty()) return {};
    return to_json(value);
}

SettingOption option_of(const ConfigKey& key) {
    return {key.option(), placeholder_of(key), with_default(key.description, default_in_words(key)), "This service"};
}

SettingOption option_of(const SettingRow& row) {
    return {std::string{row.name}, std::string{row.placeholder}, with_default(row.description, default_of(row)),
            std::string{to_string(row.group)}};
}

}  // namespace

std::vector<SettingOption> setting_options(const KnownSettings& known) {
    std::vector<SettingOption> options;
    if (known.own != nullptr)
        for (const ConfigKey& key : known.own->keys())
            if (!key.options.secret) options.push_back(option_of(key));
    for (const SettingRow& row : setting_table(known.scope)) options.push_back(option_of(row));
    return options;
}

std::optional<SettingOption> find_setting_option(const KnownSettings& known, std::string_view name) {
    if (const ConfigKey* const key = find_own_key(known.own, name); key != nullptr && !key->options.secret)
        return option_of(*key);
    const SettingRow* const row = find_setting(name, known.scope);
    return row != nullptr ? std::optional{option_of(*row)} : std::nullopt;
}

const ConfigKey* find_own_key(const ConfigSchema* own, std::string_view option) {
    if (own == nullptr) return nullptr;
    const auto& keys = own->keys();
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.option() == option; });
    return found != keys.end() ? &*found : nullptr;
}

}  // namespace servicekit::cli
