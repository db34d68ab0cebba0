#include "cli/help.hpp"

#include <algorithm>
#include <string_view>

#include "cli/setting_options.hpp"
#include "cli/settings_layers.hpp"
#include "servicekit/base/version.hpp"

namespace servicekit::cli {
namespace {

std::string row(std::string left, std::size_t width, std::string_view right) {
    left.resize(std::max(left.size(), width), ' ');
    return "  " + left + "  " + std::string{right} + "\n";
}

}  // namespace

std::string usage_text(const ServiceOptions& about, const Dialect& dialect) {
    std::string text = "Usage: " + about.name + " VERB [OPTIONS]\n";
    if (dialect.verbs != nullptr && !dialect.verbs->empty()) {
        text += "\nVerbs of this service:\n";
        for (const ProgramVerb& verb : *dialect.verbs) text += row(verb.name, 12, verb.description);
    }
    text += "\nVerbs:\n";
    for (const VerbDescription& verb : dialect.shown_verbs()) text += row(std::string{verb.name}, 12, verb.text);
    return text + "\nThe options of a verb: " + about.name + " VERB --help\n";
}

std::string help_text(const ServiceOptions& about, const Dialect& dialect) {
    std::string text = about.description.empty() ? std::string{} : about.description + "\n\n";
    text += usage_text(about, dialect) + "\nOptions, before or after the verb:\n";
    text += row("-h, --help", 27, "print this, or the help of the verb");
    text += row("--version", 27, "print the version");
    std::string group;
    for (const SettingOption& setting : setting_options(dialect.settings())) {
        if (group != setting.group) {
            group = setting.group;
            text += "\n" + group + ":\n";
        }
        std::string option = "--" + setting.name;
        if (!setting.placeholder.empty()) option += " " + setting.placeholder;
        text += row(std::move(option), 27, setting.description);
    }
    text += "\nThese settings can also be set in the environment (" + environment_variable(about.name, "log-level") +
            "=debug)\nand, except for config, in the config file.\n";
    if (dialect.own == nullptr || dialect.own->keys().empty()) return text;
    const ConfigKey& first = dialect.own->keys().front();
    return text + "The service's own settings are under \"app\" there; " +
           environment_variable(about.name, first.variable()) + " is " + first.pointer() + ".\n";
}

std::string version_text(const ServiceOptions& about) {
    std::string text = about.name;
    if (!about.version.empty()) text += " " + about.version;
    return text + " (servicekit " + std::string{library_version} + ")\n";
}

}  // namespace servicekit::cli
