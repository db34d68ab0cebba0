#include "cli/help.hpp"

#include <algorithm>
#include <string_view>

#include "cli/setting_options.hpp"
#include "cli/settings_layers.hpp"
#include "cli/verbs.hpp"
#include "servicekit/base/version.hpp"

namespace servicekit::cli {
namespace {

std::string row(std::string left, std::size_t width, std::string_view right) {
    left.resize(std::max(left.size(), width), ' ');
    return "  " + left + "  " + std::string{right} + "\n";
}

}  // namespace

std::string usage_text(const ServiceOptions& about) {
    std::string text = "Usage: " + about.name + " VERB [OPTIONS]\n\nVerbs:\n";
    for (const VerbDescription& verb : verbs()) text += row(std::string{verb.name}, 12, verb.text);
    return text + "\nThe options of a verb: " + about.name + " VERB --help\n";
}

std::string help_text(const ServiceOptions& about) {
    std::string text = about.description.empty() ? std::string{} : about.description + "\n\n";
    text += usage_text(about) + "\nOptions, before or after the verb:\n";
    for (const SettingOption& setting : setting_options()) {
        std::string option = "--" + std::string{setting.name};
        if (!setting.placeholder.empty()) option += " " + std::string{setting.placeholder};
        text += row(std::move(option), 27, setting.description);
    }
    text += row("-h, --help", 27, "print this, or the help of the verb");
    text += row("--version", 27, "print the version");
    return text + "\nEach setting can also be given in the environment (" +
           environment_variable(about.name, "log-level") +
           "=debug), and but for\nthe config file's path, in the config file.\n";
}

std::string version_text(const ServiceOptions& about) {
    std::string text = about.name;
    if (!about.version.empty()) text += " " + about.version;
    return text + " (servicekit " + std::string{library_version} + ")\n";
}

}  // namespace servicekit::cli
