#include "core/environment_variables.hpp"

#include <algorithm>

#include "core/setting_table.hpp"

namespace servicekit {

std::string environment_variable(std::string_view program, std::string_view setting) {
    std::string name = std::string{program} + "_" + std::string{setting};
    for (char& letter : name) {
        // Independent of the locale, as names of services are ASCII.
        if (letter >= 'a' && letter <= 'z')
            letter = static_cast<char>(letter - 'a' + 'A');
        else if (letter == '-' || letter == '.')
            letter = '_';
    }
    return name;
}

std::vector<std::string> program_variables(std::string_view program, const os::Environment& environment) {
    const std::string prefix = environment_variable(program, "");
    std::vector<std::string> names = environment.names();
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
    std::sort(names.begin(), names.end());
    return names;
}

bool has_undeclared_variable(std::string_view program, const ConfigSchema* own, SettingScope scope,
                             const os::Environment& environment) {
    const auto variables = program_variables(program, environment);
    if (variables.empty()) return false;
    std::vector<std::string> known;
    for (const std::string_view name : setting_names(scope)) known.push_back(environment_variable(program, name));
    if (own != nullptr)
        for (const ConfigKey& key : own->keys()) known.push_back(environment_variable(program, key.variable()));
    return std::any_of(variables.begin(), variables.end(), [&](const std::string& name) {
        return std::find(known.begin(), known.end(), name) == known.end();
    });
}

}  // namespace servicekit
