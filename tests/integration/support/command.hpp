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

/// A command, and what it gets from its caller.
struct Command {
    Strings arguments;           ///< the program first, which is looked for in PATH: our own programs are in it
    Variables variables = {};    ///< in the environment, beside this process's own without what leads services
    std::string input = {};      ///< its stdin, which ends after that
    std::string directory = {};  ///< where it runs; empty: where this process does
};

/// How a command ended, and what it said.
struct Outcome {
    int exit_code = -1;  ///< or 128 and the number of the signal that ended it
    std::string out;
    std::string err;
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

/// A command that runs, in a process group of its own. Ended with its group when this is destroyed.
/// Whatever does not come in time is thrown as std::runtime_error.
class RunningCommand {
public:
    explicit RunningCommand(const Command& command);
    RunningCommand(const RunningCommand&) = delete;
    RunningCommand& operator=(const RunningCommand&) = delete;
    ~RunningCommand();

    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
    void signal(int number) const { process_.signal(number); }
    [[nodiscard]] bool has_ended() const { return process_.has_ended(); }

    /// Waits until the text has come on stdout or stderr.
    void await_output(std::string_view text);
    /// Waits until it has ended and nobody holds its stdout or stderr any more.
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

/// Runs a command to its end.
Outcome run_command(const Command& command);

}  // namespace servicekit::test
