#include "cli/settings_layers.hpp"

#include <algorithm>
#include <optional>

#include "base/names.hpp"
#include "core/setting_table.hpp"

namespace servicekit::cli {
namespace {

/// \param object how the value was given, for the message
std::optional<Error> apply(LayeredSettings& settings, std::string_view name, std::string_view text, SettingsLayer layer,
                           std::string object) {
    try {
        settings.set_text(name, text, layer);
        return std::nullopt;
    } catch (const ConfigurationError& error) {
        const bool typed = layer == SettingsLayer::command_line;
        return Error{typed ? ExitCode::usage : ExitCode::configuration, "use", std::move(object), error.what()};
    }
}

/// Below this length two typing errors make another word: HOME is not NAME.
constexpr std::size_t short_name = 8;

/// Whether one letter too many, too few or another one, or two that changed places, make one word of the other.
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

std::string environment_variable(std::string_view program, std::string_view setting) {
    std::string name = std::string{program} + "_" + std::string{setting};
    for (char& letter : name) {
        // Whatever the locale: names of services are ASCII.
        if (letter >= 'a' && letter <= 'z')
            letter = static_cast<char>(letter - 'a' + 'A');
        else if (letter == '-' || letter == '.')
            letter = '_';
    }
    return name;
}

std::vector<Error> doubtful_variables(std::string_view program, const os::Environment& environment) {
    const std::string prefix = environment_variable(program, "");
    std::vector<std::string> known;
    for (const std::string_view name : setting_names()) known.push_back(environment_variable("", name).substr(1));
    const std::vector<std::string_view> views{known.begin(), known.end()};
    std::vector<std::string> variables = environment.names();
    std::sort(variables.begin(), variables.end());

    std::vector<Error> warnings;
    for (const std::string& variable : variables) {
        if (!variable.starts_with(prefix)) continue;
        const std::string name = environment_variable("", variable.substr(prefix.size())).substr(1);
        const bool is_setting = std::find(known.begin(), known.end(), variable.substr(prefix.size())) != known.end();
        const std::string_view nearest = nearest_name(name, views);
        if (is_setting || nearest.empty() || (name.size() < short_name && !is_one_slip(name, nearest))) continue;
        warnings.push_back({ExitCode::configuration, "use", variable,
                            "there is no such setting; did you mean '" + prefix + std::string{nearest} + "'?"});
    }
    return warnings;
}

std::vector<Error> apply_environment(LayeredSettings& settings, std::string_view program,
                                     const os::Environment& environment) {
    std::vector<Error> faults;
    for (const std::string_view name : setting_names()) {
        const std::string variable = environment_variable(program, name);
        const auto text = environment.get(variable);
        if (!text) continue;
        if (auto fault = apply(settings, name, *text, SettingsLayer::environment, variable))
            faults.push_back(std::move(*fault));
    }
    return faults;
}

std::vector<Error> apply_command_line(LayeredSettings& settings,
                                      const std::vector<std::pair<std::string, std::string>>& given) {
    std::vector<Error> faults;
    for (const auto& [name, text] : given)
        if (auto fault = apply(settings, name, text, SettingsLayer::command_line, "--" + name))
            faults.push_back(std::move(*fault));
    return faults;
}

}  // namespace servicekit::cli
