#include "cli/settings_layers.hpp"

#include <optional>

namespace servicekit::cli {
namespace {

/// \param object how the value was given, for the message
std::optional<Error> apply(Settings& settings, std::string_view name, std::string_view text, SettingsLayer layer,
                           std::string object) {
    try {
        settings.set_text(name, text, layer);
        return std::nullopt;
    } catch (const ConfigurationError& error) {
        const bool typed = layer == SettingsLayer::command_line;
        return Error{typed ? ExitCode::usage : ExitCode::configuration, "use", std::move(object), error.what()};
    }
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

std::vector<Error> apply_environment(Settings& settings, std::string_view program, const os::Environment& environment) {
    std::vector<Error> faults;
    for (const std::string_view name : Settings::names()) {
        const std::string variable = environment_variable(program, name);
        const auto text = environment.get(variable);
        if (!text || text->empty()) continue;
        if (auto fault = apply(settings, name, *text, SettingsLayer::environment, variable))
            faults.push_back(std::move(*fault));
    }
    return faults;
}

std::vector<Error> apply_command_line(Settings& settings,
                                      const std::vector<std::pair<std::string, std::string>>& given) {
    std::vector<Error> faults;
    for (const auto& [name, text] : given)
        if (auto fault = apply(settings, name, text, SettingsLayer::command_line, "--" + name))
            faults.push_back(std::move(*fault));
    return faults;
}

}  // namespace servicekit::cli
