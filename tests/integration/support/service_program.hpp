#pragma once

#include <sys/types.h>

#include <string>

#include "integration/support/command.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {

/// A service program for one test. Its files are in the test's directory: every verb gets the options for that. It
/// starts nothing by itself.
class ServiceProgram {
public:
    /// \param directory must exist
    ServiceProgram(std::string program, std::string directory);

    /// Writes the config file. After this every verb gets it.
    void configure(const Object& config);
    /// Writes a config file with `app` as its only member.
    void configure_app(const Object& app) { configure({{"app", app}}); }
    void write_config(const std::string& text);
    /// Passes these options to every verb, too: {"--stop-timeout", "1"}.
    void add_options(const Strings& options) { options_.insert(options_.end(), options.begin(), options.end()); }
    void add_variable(std::string name, std::string value) {
        variables_.emplace_back(std::move(name), std::move(value));
    }

    /// \param arguments the verb, then its own arguments
    [[nodiscard]] Command command(const Strings& arguments) const;
    /// Runs a verb and waits for its end.
    [[nodiscard]] Outcome verb(const Strings& arguments) const { return run_command(command(arguments)); }

    [[nodiscard]] const std::string& program() const noexcept { return program_; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    [[nodiscard]] std::string run_directory() const { return directory_ + "/run"; }
    [[nodiscard]] std::string pid_file() const { return run_directory() + "/" + program_ + ".pid"; }
    [[nodiscard]] std::string control_socket() const { return run_directory() + "/" + program_ + ".control"; }
    [[nodiscard]] std::string log_file() const { return directory_ + "/log"; }
    [[nodiscard]] std::string config_file() const { return directory_ + "/config.json"; }

    /// Returns the content of the log so far; empty if there is no log.
    [[nodiscard]] std::string log() const;
    /// Returns the pid in the pidfile; 0 if it does not contain one.
    [[nodiscard]] pid_t pid_in_file() const;

private:
    std::string program_;
    std::string directory_;
    Strings options_;
    Variables variables_;
};

}  // namespace servicekit::test
