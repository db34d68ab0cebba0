#include "servicectl/remote.hpp"

namespace servicekit::servicectl {

std::string quoted_for_shell(const std::string& word) {
    std::string quoted = "'";
    for (const char letter : word) {
        if (letter == '\'')
            quoted += "'\\''";
        else
            quoted += letter;
    }
    return quoted + "'";
}

std::vector<std::string> remote_command(const std::string& host, const std::vector<std::string>& arguments,
                                        bool has_terminal) {
    std::string line = "servicectl";
    for (const std::string& argument : arguments) line += " " + quoted_for_shell(argument);
    std::vector<std::string> command{"ssh"};
    if (has_terminal) command.emplace_back("-t");
    command.insert(command.end(), {"--", host, line});
    return command;
}

}  // namespace servicekit::servicectl
