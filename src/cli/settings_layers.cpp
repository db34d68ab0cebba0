#include "cli/settings_layers.hpp"

#include <algorithm>
#include <optional>

#include "base/names.hpp"
#include "core/setting_table.hpp"

namespace servicekit::cli {
namespace {

/// \param set    sets the value
/// \param object how the value was given, for the message
template <class Set>
std::optional<Error> apply(SettingsLayer layer, std::string object, const Set& set) {
    try {
        set();
        return std::nullopt;
    } catch (const ConfigurationError& error) {
        const bool typed = layer == SettingsLayer::command_line;
        return Error{typed ? ExitCode::usage : ExitCode::configuration, "use", std::move(object), error.what()};
    }
}

/// In a shorter name, two typing errors make another word: HOME is not NAME.
constexpr std::size_t short_name = 8;

/// Returns true if the words differ by one added, missing or changed letter, or by two swapped letters.
bool is_one_slip(std::string_view one, std::string_view other) {
    while (!one.empty() && !other.empty() && one.front() == other.front()) {
        one.remove_prefix(1);
        other.remove_prefix(1);
    }
    while (!one.empty() && !other.empty() && one.back() == other.back()) {
        one.remove_suffix(1);
        other.remove_suffix(1);
    }
    if (one.size() <= 1 && other.size() <= 1) return true;
    return one.size() == 2 && other.size() == 2 && one[0] == other[1] && one[1] == other[0];
}

}  // namespace

std::vector<Error> doubtful_variables(std::string_view program, const KnownSettings& settings,
                                      const os::Environment& environment) {
    const auto variables = program_variables(program, environment);
    if (variables.empty()) return {};
    const std::string prefix = environment_variable(program, "");
    std::vector<std::string> known;
    for (const std::string_view name : setting_names(settings.scope))
        known.push_back(environment_variable("", name).substr(1));
    if (settings.own != nullptr)
        for (const ConfigKey& key : settings.own->keys()) known.push_back(key.variable());
    const std::vector<std::string_view> views{known.begin(), known.end()};

    std::vector<Error> warnings;
    for (const std::string& variable : variables) {
        const std::string name = environment_variable("", variable.substr(prefix.size())).substr(1);
        const bool is_setting = std::find(known.begin(), known.end(), variable.substr(prefix.size())) != known.end();
        const std::string_view nearest = nearest_name(name, views);
        if (is_setting || nearest.empty() || (name.size() < short_name && !is_one_slip(name, nearest))) continue;
        warnings.push_back({ExitCode::configuration, "use", variable,
                            "there is no such setting; did you mean '" + prefix + std::string{nearest} + "'?"});
    }
    return warnings;
}

std::vector<Error> apply_environment(LayeredSettings& settings, const ConfigSchema* own, std::string_view program,
                                     const os::Environment& environment) {
    if (program_variables(program, environment).empty()) return {};
    constexpr auto layer = SettingsLayer::environment;
    std::vector<Error> faults;
    const auto take = [&](const std::string& variable, const auto& set) {
        const auto text = environment.get(variable);
        if (!text) return;
        if (auto fault = apply(layer, variable, [&] { set(*text); })) faults.push_back(std::move(*fault));
    };
    for (const std::string_view name : setting_names(settings.scope()))
        take(environment_variable(program, name),
             [&](const std::string& text) { settings.set_text(name, text, layer); });
    if (own != nullptr)
        for (const ConfigKey& key : own->keys())
            take(environment_variable(program, key.variable()),
                 [&](const std::string& text) { settings.set_app_text(key, text, layer); });
    return faults;
}

std::vector<Error> apply_command_line(LayeredSettings& settings, const ConfigSchema* own,
                                      const std::vector<std::pair<std::string, std::string>>& given) {
    constexpr auto layer = SettingsLayer::command_line;
    std::vector<Error> faults;
    for (const auto& [name, text] : given) {
        const ConfigKey* const key = find_own_key(own, name);
        auto fault = apply(layer, "--" + name, [&, &option = name, &value = text] {
            if (key != nullptr)
                settings.set_app_text(*key, value, layer);
            else
                settings.set_text(option, value, layer);
        });
        if (fault) faults.push_back(std::move(*fault));
    }
    return faults;
}

}  // namespace servicekit::cli
