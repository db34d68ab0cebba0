#include "servicectl/new/project_name.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/names.hpp"
#include "core/environment_variables.hpp"

namespace servicekit::servicectl {
namespace {

constexpr std::string_view rule =
    "small letters and digits, in words joined by '-' or '_', beginning with a letter, at most 31 bytes";
constexpr std::size_t longest = 31;  // of the name of a user

constexpr bool is_small(char byte) { return byte >= 'a' && byte <= 'z'; }
constexpr bool is_capital(char byte) { return byte >= 'A' && byte <= 'Z'; }
constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
constexpr bool is_joint(char byte) { return byte == '-' || byte == '_'; }
constexpr char small(char byte) { return is_capital(byte) ? static_cast<char>(byte - 'A' + 'a') : byte; }
constexpr char capital(char byte) { return is_small(byte) ? static_cast<char>(byte - 'a' + 'A') : byte; }

struct TakenName {
    std::string_view name;
    std::string_view by;
};

// Targets of CMake's generators; libraries that a program may link by a name that a target would replace; programs of
// servicekit; the users that each Debian has, with those of older versions (base-passwd), as a unit would run the service
// as one of them. The users of this machine are not asked, as the service may already be installed on it.
constexpr std::array taken_names{TakenName{"all", "CMake"},
                                 TakenName{"backup", "a user of Debian"},
                                 TakenName{"bin", "a user of Debian"},
                                 TakenName{"c", "a library"},
                                 TakenName{"clean", "CMake"},
                                 TakenName{"daemon", "a user of Debian"},
                                 TakenName{"depend", "CMake"},
                                 TakenName{"dl", "a library"},
                                 TakenName{"edit_cache", "CMake"},
                                 TakenName{"games", "a user of Debian"},
                                 TakenName{"gnats", "a user of Debian"},
                                 TakenName{"help", "CMake"},
                                 TakenName{"install", "CMake"},
                                 TakenName{"irc", "a user of Debian"},
                                 TakenName{"list", "a user of Debian"},
                                 TakenName{"list_install_components", "CMake"},
                                 TakenName{"lp", "a user of Debian"},
                                 TakenName{"m", "a library"},
                                 TakenName{"mail", "a user of Debian"},
                                 TakenName{"makefile", "make"},
                                 TakenName{"man", "a user of Debian"},
                                 TakenName{"news", "a user of Debian"},
                                 TakenName{"nobody", "a user of Debian"},
                                 TakenName{"package", "CMake"},
                                 TakenName{"package_source", "CMake"},
                                 TakenName{"preinstall", "CMake"},
                                 TakenName{"proxy", "a user of Debian"},
                                 TakenName{"pthread", "a library"},
                                 TakenName{"rebuild_cache", "CMake"},
                                 TakenName{"root", "the user root"},
                                 TakenName{"rt", "a library"},
                                 TakenName{"servicectl", "servicekit"},
                                 TakenName{"servicekit", "servicekit"},
                                 TakenName{"sync", "a user of Debian"},
                                 TakenName{"sys", "a user of Debian"},
                                 TakenName{"test", "CMake"},
                                 TakenName{"uucp", "a user of Debian"},
                                 TakenName{"www-data", "a user of Debian"},
                                 TakenName{"z", "a library"}};

bool follows_rule(std::string_view name) {
    if (!is_valid_name(name) || name.size() > longest || !is_small(name.front()) || is_joint(name.back())) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (!is_small(name[i]) && !is_digit(name[i]) && !is_joint(name[i])) return false;
        if (i > 0 && is_joint(name[i]) && is_joint(name[i - 1])) return false;
    }
    return true;
}

/// Returns a name that follows the rule; empty if nothing is left of it. "WebFront 2" gives "web-front-2".
std::string repaired(std::string_view name) {
    std::string good;
    bool is_after_small = false;
    for (const char byte : name) {
        if (is_small(byte) || is_capital(byte) || (is_digit(byte) && !good.empty())) {
            if (is_capital(byte) && is_after_small) good += '-';
            good += small(byte);
        } else if (!good.empty() && !is_joint(good.back())) {
            good += byte == '_' ? '_' : '-';
        }
        is_after_small = is_small(byte);
    }
    good.resize(std::min(good.size(), longest));
    while (!good.empty() && is_joint(good.back())) good.pop_back();
    return good;
}

const TakenName* find_taken(std::string_view name) {
    const auto* const found = std::find_if(taken_names.begin(), taken_names.end(),
                                           [name](const TakenName& taken) { return taken.name == name; });
    return found == taken_names.end() ? nullptr : found;
}

Error refuse(std::string_view name, std::string reason) {
    std::string better = repaired(name);
    if (!better.empty() && find_taken(better) != nullptr) better += "-service";
    if (!better.empty()) reason += "; try '" + better + "'";
    return {ExitCode::usage, "use the name", std::string{name}, std::move(reason)};
}

std::string class_of(std::string_view name) {
    std::string text;
    bool is_first = true;
    for (const char byte : name) {
        if (!is_joint(byte)) text += is_first ? capital(byte) : byte;
        is_first = is_joint(byte);
    }
    // So the class has another name than the types that the sources use.
    return text.ends_with("Service") ? text : text + "Service";
}

}  // namespace

Result<ProjectName> ProjectName::from(std::string_view name) {
    if (!follows_rule(name)) return refuse(name, "a new service takes " + std::string{rule});
    if (const TakenName* const taken = find_taken(name))
        return refuse(name, "it is a name of " + std::string{taken->by});
    ProjectName project{.service = std::string{name},
                        .file = std::string{name},
                        .class_name = class_of(name),
                        .variable = environment_variable(name, "")};
    std::replace(project.file.begin(), project.file.end(), '-', '_');
    project.variable.pop_back();  // the underscore before the setting
    return project;
}

}  // namespace servicekit::servicectl
