#include "cli/help.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "cli/settings_layers.hpp"
#include "core/setting_table.hpp"
#include "servicekit/base/version.hpp"

namespace servicekit::cli {
namespace {

std::string row(std::string left, std::size_t width, std::string_view right) {
    left.resize(std::max(left.size(), width), ' ');
    return "  " + left + "  " + std::string{right} + "\n";
}

}  // namespace

std::string usage_text(const ServiceOptions& about, LispVerbs lisp) {
    std::string text = "Usage: " + about.name + " VERB [OPTIONS]\n\nVerbs:\n";
    for (const VerbDescription& verb : verbs(lisp)) text += row(std::string{verb.name}, 12, verb.text);
    return text + "\nThe options of a verb: " + about.name + " VERB --help\n";
}

std::string help_text(const ServiceOptions& about, LispVerbs lisp) {
    std::string text = about.description.empty() ? std::string{} : about.description + "\n\n";
    text += usage_text(about, lisp) + "\nOptions, before or after the verb:\n";
    text += row("-h, --help", 27, "print this, or the help of the verb");
    text += row("--version", 27, "print the version");
    std::optional<SettingGroup> group;
    for (const SettingRow& setting : setting_table()) {
        if (group != setting.group) {
            group = setting.group;
            text += "\n" + std::string{to_string(*group)} + ":\n";
        }
        std::string option = "--" + std::string{setting.name};
        if (!setting.placeholder.empty()) option += " " + std::string{setting.placeholder};
        text += row(std::move(option), 27, described(setting));
    }
    return text + "\nThese settings can also be set in the environment (" +
           environment_variable(about.name, "log-level") + "=debug)\nand, except for config, in the config file.\n";
}

std::string described(const SettingRow& setting) {
    std::string text{setting.description};
    if (const auto value = default_of(setting); !value.empty()) text += " (default: " + std::string{value} + ")";
    return text;
}

std::string version_text(const ServiceOptions& about) {
    std::string text = about.name;
    if (!about.version.empty()) text += " " + about.version;
    return text + " (servicekit " + std::string{library_version} + ")\n";
}

}  // namespace servicekit::cli
