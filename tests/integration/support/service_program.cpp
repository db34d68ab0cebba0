#include "integration/support/service_program.hpp"

#include <cstdlib>
#include <utility>

#include "integration/support/text_file.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {

ServiceProgram::ServiceProgram(std::string program, std::string directory)
    : program_{std::move(program)}, directory_{std::move(directory)} {
    options_ = {"--run-directory", run_directory(), "--log-file", log_file()};
}

void ServiceProgram::configure(const Object& config) { write_config(to_json(config)); }

void ServiceProgram::write_config(const std::string& text) {
    write_file(config_file(), text);
    if (options_.back() != config_file()) add_options({"--config", config_file()});
}

Command ServiceProgram::command(const Strings& arguments) const {
    Command command{.arguments = {program_}, .variables = variables_, .directory = directory_};
    command.arguments.insert(command.arguments.end(), options_.begin(), options_.end());
    // They follow the others, since the last one of an option counts.
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    return command;
}

std::string ServiceProgram::log() const { return read_file(log_file()); }

pid_t ServiceProgram::pid_in_file() const {
    return static_cast<pid_t>(std::strtol(read_file(pid_file()).c_str(), nullptr, 10));
}

}  // namespace servicekit::test
