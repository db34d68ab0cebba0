#include "integration/support/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>
#include <system_error>

#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using Clock = std::chrono::steady_clock;
using os::Descriptor;

struct PipeEnds {
    Descriptor reader;
    Descriptor writer;
};

PipeEnds open_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe"};
    return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

void do_not_block(const Descriptor& descriptor) { ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK); }

/// Variables that would direct a service away from the places of its test.
bool leads_services(std::string_view variable) {
    constexpr std::array<std::string_view, 9> leading{
        "RUNTIME_DIRECTORY=", "XDG_RUNTIME_DIR=", "NOTIFY_SOCKET=",      "LISTEN_", "WATCHDOG_", "JOURNAL_STREAM=",
        "NO_COLOR=",          "TRIAL_SERVICE_",   "JUST_ANOTHER_SERVER_"};
    return std::any_of(leading.begin(), leading.end(), [&](auto prefix) { return variable.starts_with(prefix); });
}

Strings environment_of(const Command& command) {
    Strings environment;
    const auto set = [&environment](const std::string& name, const std::string& value) {
        std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(name + "="); });
        environment.push_back(name + "=" + value);
    };
    std::string path = SERVICEKIT_BIN_DIR;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view variable = *entry;
        if (variable.starts_with("PATH=")) path += ":" + std::string{variable.substr(5)};
        if (!leads_services(variable)) environment.emplace_back(variable);
    }
    // For logrotate, among others: in Debian the PATH of a user who is not root lacks these directories.
    set("PATH", path + ":/usr/local/sbin:/usr/sbin:/sbin");
    set("LC_ALL", "C");
    for (const auto& [name, value] : command.variables) set(name, value);
    return environment;
}

std::vector<char*> pointers(Strings& strings) {
    std::vector<char*> all;
    for (std::string& text : strings) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

/// Runs in the child.
[[noreturn]] void become(const Command& command, int in, int out, int err) {
    Strings arguments = command.arguments;
    Strings environment = environment_of(command);
    const std::vector<char*> argument_pointers = pointers(arguments);
    std::vector<char*> environment_pointers = pointers(environment);
    ::setpgid(0, 0);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    if (command.directory.empty() || ::chdir(command.directory.c_str()) == 0) {
        environ = environment_pointers.data();
        ::execvp(arguments.front().c_str(), argument_pointers.data());
    }
    ::perror(arguments.front().c_str());
    ::_exit(127);
}

/// Reads what is available. \returns false at the end
bool take(const Descriptor& from, std::string& into) {
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
        if (size > 0)
            into.append(buffer.data(), static_cast<std::size_t>(size));
        else if (size == 0)
            return false;
        else if (errno != EINTR)
            return errno == EAGAIN;
    }
}

}  // namespace

struct RunningCommand::Pipes {
    PipeEnds in = open_pipe();
    PipeEnds out = open_pipe();
    PipeEnds err = open_pipe();
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
    return stream << "exit code " << outcome.exit_code << "\nstdout: " << outcome.out << "\nstderr: " << outcome.err;
}

RunningCommand::RunningCommand(const Command& command) : RunningCommand{command, std::make_unique<Pipes>()} {}

RunningCommand::RunningCommand(const Command& command, std::unique_ptr<Pipes> pipes)
    : input_{command.input}, pipes_{std::move(pipes)}, process_{[&] {
          const pid_t pid = ::fork();
          if (pid < 0) throw std::system_error{errno, std::generic_category(), "fork"};
          if (pid == 0) become(command, pipes_->in.reader.get(), pipes_->out.writer.get(), pipes_->err.writer.get());
          return pid;
      }()} {
    for (const std::string& argument : command.arguments) name_ += (name_.empty() ? "" : " ") + argument;
    ::setpgid(pid(), pid());  // parent and child both do this: the group must exist before it can be killed
    pipes_->in.reader.reset();
    pipes_->out.writer.reset();
    pipes_->err.writer.reset();
    do_not_block(pipes_->in.writer);
    do_not_block(pipes_->out.reader);
    do_not_block(pipes_->err.reader);
}

RunningCommand::~RunningCommand() {
    if (!process_.has_ended()) ::kill(-pid(), SIGKILL);
    process_.end();
}

void RunningCommand::await_output(std::string_view text) {
    const auto has_come = [&] { return out_.find(text) != std::string::npos || err_.find(text) != std::string::npos; };
    turn_until([&] { return has_come() || (!pipes_->out.reader && !pipes_->err.reader); },
               "does not say '" + std::string{text} + "'");
    if (!has_come()) throw std::runtime_error{name_ + " ended without '" + std::string{text} + "': " + out_ + err_};
}

Outcome RunningCommand::finish() {
    turn_until([&] { return !pipes_->out.reader && !pipes_->err.reader && process_.has_ended(); },
               "does not end, or left its output open");
    return {process_.exit_code(), out_, err_};
}

void RunningCommand::turn_until(const std::function<bool()>& done, std::string_view what) {
    const auto deadline = Clock::now() + patience;
    for (;;) {
        // Read before done(): otherwise an end between the two calls would leave nothing to wait for.
        const bool has_ended = process_.has_ended();
        if (done()) return;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) throw std::runtime_error{name_ + " " + std::string{what} + ": " + out_ + err_};
        if (input_.empty()) pipes_->in.writer.reset();
        // poll(2) ignores the descriptors that are already closed: they are -1.
        std::array<pollfd, 4> all{
            pollfd{pipes_->in.writer.get(), POLLOUT, 0}, pollfd{pipes_->out.reader.get(), POLLIN, 0},
            pollfd{pipes_->err.reader.get(), POLLIN, 0}, pollfd{has_ended ? -1 : process_.descriptor(), POLLIN, 0}};
        if (::poll(all.data(), all.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
            throw std::system_error{errno, std::generic_category(), "poll"};
        if (all[0].revents != 0) write_input();
        if (all[1].revents != 0 && !take(pipes_->out.reader, out_)) pipes_->out.reader.reset();
        if (all[2].revents != 0 && !take(pipes_->err.reader, err_)) pipes_->err.reader.reset();
    }
}

void RunningCommand::write_input() {
    ::signal(SIGPIPE, SIG_IGN);
    const ssize_t size = ::write(pipes_->in.writer.get(), input_.data(), input_.size());
    if (size > 0) input_.erase(0, static_cast<std::size_t>(size));
    if (size < 0 && errno != EAGAIN && errno != EINTR) input_.clear();  // it accepts no more
}

Outcome run_command(const Command& command) { return RunningCommand{command}.finish(); }

}  // namespace servicekit::test
