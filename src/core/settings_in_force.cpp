#include "core/settings_in_force.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/object_path.hpp"
#include "core/policy_plans.hpp"
#include "core/setting_table.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {
namespace {

constexpr std::string_view hidden = "***";

bool looks_secret(std::string_view key) {
    std::string lower{key};
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    constexpr std::array<std::string_view, 7> words{"password",   "passwd", "passphrase", "secret",
                                                    "credential", "token",  "private"};
    return lower.ends_with("key") || std::any_of(words.begin(), words.end(), [&](std::string_view word) {
               return lower.find(word) != std::string::npos;
           });
}

/// Hides the password in a URL: "https://me:***@host/".
std::string without_password(std::string text) {
    const auto scheme = text.find("://");
    if (scheme == std::string::npos) return text;
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const auto at = text.rfind('@', end);
    if (at == std::string::npos || at < begin) return text;
    const auto colon = text.find(':', begin);
    if (colon < at) text.replace(colon + 1, at - colon - 1, hidden);
    return text;
}

Value for_people(const Value& value) {
    if (value.is_string()) return without_password(value.as_string());
    if (value.is_list()) {
        Value::List shown;
        for (const Value& item : value.as_list()) shown.push_back(for_people(item));
        return shown;
    }
    if (!value.is_object()) return value;
    Object shown;
    for (const auto& [key, member] : value.as_object())
        shown.append(key, looks_secret(key) ? Value{hidden} : for_people(member));
    return shown;
}

}  // namespace

std::vector<SettingInForce> settings_in_force(const LayeredSettings& settings, const Paths& paths,
                                              const PolicyReferences& policies) {
    const Object of_policies = settings_of(policies.log.plan(), policies.control.access(), policies.lock.plan());
    std::vector<SettingInForce> rows;
    for (const SettingRow& setting : setting_table(settings.scope())) {
        SettingInForce row{.name = setting.name,
                           .value = settings.value(setting.name),
                           .origin = to_string(settings.layer_of(setting.name))};
        const bool is_set = !row.value.is_null();
        if (setting.otherwise.path != nullptr && !(paths.*setting.otherwise.path).empty()) {
            row.value = paths.*setting.otherwise.path;
            if (!is_set) row.origin = "follows from the others";
        } else if (!is_set) {
            const Value* found = of_policies.find(setting.name);
            if (found != nullptr) row.value = for_people(*found);
            row.origin = found != nullptr ? "policy" : setting.otherwise.is_of_policy ? "not used" : "not set";
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

Value app_in_words(const Value& app, const ConfigSchema* schema) {
    Value shown = for_people(app);
    if (!shown.is_object()) return shown;
    if (schema != nullptr)
        for (const ConfigKey& key : schema->keys())
            if (key.options.secret && find_at(shown, key.path) != nullptr)
                shown = with_value_at(shown, key.path, hidden);
    return shown;
}

}  // namespace servicekit
