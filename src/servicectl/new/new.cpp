#include "servicectl/new/new.hpp"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/escaped_text.hpp"
#include "servicectl/new/project_name.hpp"
#include "servicectl/new/project_template.hpp"
#include "servicectl/new/project_writing.hpp"
#include "servicectl/remote.hpp"

namespace servicekit::servicectl {
namespace {

/// Returns the path as a word of a shell, quoted only if necessary.
std::string shell_word(const std::string& path) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=:,@%-";
    return path.find_first_not_of(plain) == std::string::npos ? path : quoted_for_shell(path);
}

void print(const ProjectName& name, const std::string& directory, const std::vector<ProjectFile>& files,
           cli::Console& console) {
    const std::array<std::string, 3> next{"cd " + shell_word(directory), "cmake --workflow --preset dev",
                                          "build/dev/" + name.service + " run"};
    Value::List paths;
    Value::List commands;
    std::string text = "made in '" + escaped(directory) + "':\n";
    for (const ProjectFile& file : files) {
        paths.emplace_back(file.path);
        text += "  " + file.path + "\n";
    }
    text += "\nnext:\n";
    for (const std::string& command : next) {
        commands.emplace_back(command);
        text += "  " + escaped(command) + "\n";
    }
    console.tell(
        text,
        {{"name", name.service}, {"directory", directory}, {"files", std::move(paths)}, {"next", std::move(commands)}});
}

}  // namespace

std::optional<std::string> check_new(Command& command) {
    if (command.targets.empty()) return "'new' needs a name for the service";
    constexpr std::size_t most = 2;
    if (command.targets.size() > most)
        return "'new' takes a name and a directory, and not '" + command.targets[most] + "'";
    return std::nullopt;
}

int make_project(const Command& command, cli::Console& console, const Tools& tools) {
    const std::vector<std::string>& targets = command.targets;
    const auto name = ProjectName::from(targets.front());
    if (!name) return console.fail(name.error());
    const std::string directory = targets.size() > 1 ? targets[1] : name->service;
    const std::vector<ProjectFile> files = project_files(*name);
    if (const auto written = write_project(directory, files, *tools.directories); !written)
        return console.fail(written.error());
    print(*name, directory, files, console);
    return 0;
}

}  // namespace servicekit::servicectl
