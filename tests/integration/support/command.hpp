#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "integration/support/process.hpp"

namespace servicekit::test {

using Strings = std::vector<std::string>;
using Variables = std::vector<std::pair<std::string, std::string>>;

/// A command with its input and environment.
struct Command {
    Strings arguments;           ///< the program first; PATH contains our own programs
    Variables variables = {};    ///< added to the environment of this process
    std::string input = {};      ///< its whole stdin
    std::string directory = {};  ///< its working directory; empty: that of this process
};

/// How a command ended, and what it printed.
struct Outcome {
    int exit_code = -1;  ///< or 128 and the number of the signal that ended it
    std::string out;
    std::string err;
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

/// A running command in its own process group. The destructor kills the group.
/// A wait that takes too long throws std::runtime_error.
class RunningCommand {
public:
    explicit RunningCommand(const Command& command);
    RunningCommand(const RunningCommand&) = delete;
    RunningCommand& operator=(const RunningCommand&) = delete;
    ~RunningCommand();

    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
    void signal(int number) const { process_.signal(number); }
    [[nodiscard]] bool has_ended() const { return process_.has_ended(); }

    /// Waits until stdout or stderr contains the text.
    void await_output(std::string_view text);
    /// Waits until the command has ended and no process has its stdout or stderr open.
    Outcome finish();

private:
    struct Pipes;
    RunningCommand(const Command& command, std::unique_ptr<Pipes> pipes);
    void turn_until(const std::function<bool()>& done, std::string_view what);
    void write_input();

    std::string name_;
    std::string input_;
    std::unique_ptr<Pipes> pipes_;
    Process process_;
    std::string out_;
    std::string err_;
};

/// Runs a command and waits for its end.
Outcome run_command(const Command& command);

}  // namespace servicekit::test
