#pragma once

#include <sys/types.h>

#include <string>

#include "integration/support/command.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {

/// A service program as one test uses it: its files lie in the test's directory, and every verb gets the options that
/// say so. Starts nothing by itself.
class ServiceProgram {
public:
    /// \param directory an existing one
    ServiceProgram(std::string program, std::string directory);

    /// Writes the config file, which every verb gets from then on.
    void configure(const Object& config);
    /// The same with `app` as the only member.
    void configure_app(const Object& app) { configure({{"app", app}}); }
    void write_config(const std::string& text);
    /// Every verb gets these options, too: {"--stop-timeout", "1"}.
    void add_options(const Strings& options) { options_.insert(options_.end(), options.begin(), options.end()); }
    void add_variable(std::string name, std::string value) {
        variables_.emplace_back(std::move(name), std::move(value));
    }

    /// \param arguments the verb first, with what is its own
    [[nodiscard]] Command command(const Strings& arguments) const;
    /// Runs a verb to its end.
    [[nodiscard]] Outcome verb(const Strings& arguments) const { return run_command(command(arguments)); }

    [[nodiscard]] const std::string& program() const noexcept { return program_; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    [[nodiscard]] std::string run_directory() const { return directory_ + "/run"; }
    [[nodiscard]] std::string pid_file() const { return run_directory() + "/" + program_ + ".pid"; }
    [[nodiscard]] std::string control_socket() const { return run_directory() + "/" + program_ + ".control"; }
    [[nodiscard]] std::string log_file() const { return directory_ + "/log"; }
    [[nodiscard]] std::string config_file() const { return directory_ + "/config.json"; }

    /// What its log says until now; empty where there is none.
    [[nodiscard]] std::string log() const;
    /// What its pidfile says; 0 where that is no pid.
    [[nodiscard]] pid_t pid_in_file() const;

private:
    std::string program_;
    std::string directory_;
    Strings options_;
    Variables variables_;
};

}  // namespace servicekit::test
