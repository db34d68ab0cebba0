#include "servicectl/servicectl.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <variant>

#include "base/escaped_text.hpp"
#include "cli/command_line.hpp"
#include "cli/console.hpp"
#include "cli/exit_status.hpp"
#include "core/paths.hpp"
#include "servicectl/command.hpp"
#include "servicectl/completion.hpp"
#include "servicectl/file_wait.hpp"
#include "servicectl/own_verbs.hpp"
#include "servicectl/places.hpp"
#include "servicectl/remote.hpp"
#include "servicectl/targets.hpp"
#include "servicectl/verb_on_place.hpp"
#include "servicekit/base/version.hpp"

namespace servicekit::servicectl {
namespace {

/// Runs one command line on this machine.
class Run {
public:
    Run(const Command& command, const cli::Tools& tools, cli::Console& console)
        : command_{command}, tools_{tools}, console_{console} {}

    int run() {
        if (waits_for_files()) return wait_for_files();
        known_ = find_places(tools_.host);
        bool has_pattern = false;
        for (const std::string& target : command_.targets) {
            const Meant meant = find_target(target, known_, command_.all_users, tools_.host);
            if (meant.fault) return fail(*meant.fault, meant.is_unknown);
            has_pattern = has_pattern || is_pattern(target);
            for (const Place& place : meant.places) add(place);
        }
        if (has_pattern && changes_service(command_.invocation) && !command_.yes)
            if (const auto refusal = ask()) return *refusal;
        return run_on_all();
    }
    /// Returns true if each service has printed its own answer.
    [[nodiscard]] bool is_answered() const noexcept { return is_answered_; }

private:
    int fail(const Error& fault, bool is_unknown) {
        const int code = console_.fail(fault);
        if (!is_unknown) return code;
        const auto verb = command_.invocation.verb;
        const bool has_own_code = verb == cli::Verb::status || verb == cli::Verb::pid;
        return has_own_code ? cli::exit_status::unknown : cli::exit_status::no_service;
    }

    /// Returns true if all targets are files that are not sockets: their locks count, whatever programs use them.
    [[nodiscard]] bool waits_for_files() const {
        const auto is_file = [this](const std::string& target) {
            if (target.find('/') == std::string::npos) return false;
            const auto status = tools_.host.files->status(target, os::Links::follow);
            return !status || !*status || (*status)->type != os::FileType::socket;
        };
        return command_.invocation.verb == cli::Verb::wait &&
               std::all_of(command_.targets.begin(), command_.targets.end(), is_file);
    }
    int wait_for_files() {
        int worst = 0;
        for (const std::string& target : command_.targets)
            worst = std::max(worst, wait_for_file(target, command_.invocation.test, console_, tools_));
        return worst;
    }

    void add(const Place& place) {
        const bool is_known = std::any_of(places_.begin(), places_.end(), [&](const Place& known) {
            return known.paths.control_socket == place.paths.control_socket &&
                   known.paths.pid_file == place.paths.pid_file;
        });
        if (!is_known) places_.push_back(place);
    }

    /// Asks whether the verb may change the services. \returns the exit code if it may not
    std::optional<int> ask() {
        os::StandardStreams& streams = *tools_.host.streams;
        std::string services;
        for (const Place& place : places_)
            services += "  " + place.name() + "  " + escaped(place.paths.control_socket) + "\n";
        console_.print_error(services);
        const std::string count = std::to_string(places_.size()) + (places_.size() == 1 ? " service" : " services");
        if (!streams.is_terminal(os::Stream::in) || !streams.is_terminal(os::Stream::error))
            return console_.fail(
                {ExitCode::usage, command_.verb + " " + count, "", "there is no terminal to ask on; use --yes"});
        const auto key = streams.ask_key(
            command_.verb + (places_.size() == 1 ? " this service" : " these " + count) + "? [y/n] ", "ynYN");
        if (!key) return console_.fail(key.error());
        if (*key && std::string_view{"yY"}.find(**key) != std::string_view::npos) return std::nullopt;
        console_.complain("nothing was changed");
        return to_int(ExitCode::timeout);
    }

    int run_on_all() {
        // The process can become another user only once.
        std::stable_partition(places_.begin(), places_.end(),
                              [this](const Place& place) { return !acts_as_owner(place, command_, tools_.host); });
        is_answered_ = true;
        int worst = 0;
        for (const Place& place : places_) {
            if (places_.size() > 1 && !command_.json && prints_without_name())
                console_.print((&place == &places_.front() ? "" : "\n") + place.name() + ":\n");
            const bool needs_child = acts_as_owner(place, command_, tools_.host) && &place != &places_.back();
            worst = std::max(worst, needs_child ? run_in_child(place) : run_on(place, command_, tools_));
        }
        return worst;
    }
    [[nodiscard]] bool prints_without_name() const {
        switch (command_.invocation.verb) {
            case cli::Verb::stop:
            case cli::Verb::kill:
            case cli::Verb::health:
            case cli::Verb::wait:
            case cli::Verb::log_reopen:
                return false;
            default:
                return true;
        }
    }
    int run_in_child(const Place& place) {
        os::Process& process = *tools_.host.process;
        if (process.effective_user() != 0) return run_on(place, command_, tools_);
        const auto child = process.fork();
        if (!child) return console_.fail(child.error());
        if (*child == 0) process.exit_now(run_on(place, command_, tools_));
        const auto status = process.wait_for_child(*child);
        if (!status) return console_.fail(status.error());
        constexpr int signal_bits = 0x7f;
        const bool has_exited = (*status & signal_bits) == 0;
        return has_exited ? *status >> 8 & 0xff : to_int(ExitCode::internal);
    }

    const Command& command_;
    const cli::Tools& tools_;
    cli::Console& console_;
    std::vector<Place> known_;
    std::vector<Place> places_;
    bool is_answered_ = false;
};

/// Returns the arguments without `-H HOST`.
std::vector<std::string> without_host(const std::vector<std::string>& arguments) {
    std::vector<std::string> rest;
    bool is_left_out = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (is_left_out || !arguments[i].starts_with("-H")) {
            rest.push_back(arguments[i]);
            continue;
        }
        // A later one is an argument of an event.
        is_left_out = true;
        if (arguments[i] == "-H") ++i;
    }
    return rest;
}

int run_remotely(const Command& command, const std::vector<std::string>& arguments, const cli::Tools& tools,
                 cli::Console& console) {
    os::StandardStreams& streams = *tools.host.streams;
    const bool has_terminal = streams.is_terminal(os::Stream::in) && streams.is_terminal(os::Stream::out);
    return console.fail(
        tools.host.process->execute_other(remote_command(command.host, without_host(arguments), has_terminal)));
}

/// \returns the exit code, after all output
int run_parsed(const std::vector<std::string>& arguments, const Tools& tools, cli::Console& console) {
    if (!arguments.empty() && arguments.front() == cli::inner_verb) {
        const auto words = arguments.begin() + (arguments.size() > 1 && arguments[1] == "--" ? 2 : 1);
        complete({words, arguments.end()}, console, tools);
        return console.finish(0);
    }
    auto parsed = parse_command(arguments);
    if (const auto* answer = std::get_if<cli::Answer>(&parsed)) {
        if (answer->stream == os::Stream::out)
            console.print(answer->text);
        else
            console.print_error(answer->text);
        return console.finish(to_int(answer->code));
    }
    const auto& command = std::get<Command>(parsed);
    switch (command.kind) {
        case Command::Kind::help:
            console.print(command.verb.empty() ? help_text() : help_text(command.verb));
            return console.finish(0);
        case Command::Kind::version:
            console.print("servicectl " + std::string{library_version} + "\n");
            return console.finish(0);
        case Command::Kind::own_verb:
        case Command::Kind::verb:
            break;
    }
    if (command.json) console.use_json();
    if (!command.host.empty()) return console.finish(run_remotely(command, arguments, tools, console));
    if (command.own_verb != nullptr) return console.finish(command.own_verb->run(command, console, tools));
    Run run{command, tools, console};
    const int code = run.run();
    return run.is_answered() ? code : console.finish(code);
}

}  // namespace

int run_servicectl(const std::vector<std::string>& arguments, const Tools& tools) {
    cli::Console console{*tools.host.streams, *tools.host.environment, "servicectl"};
    // Otherwise a file that a verb opens would get the number of a standard stream.
    if (const auto opened = tools.host.streams->open_closed_ones(); !opened) return console.fail(opened.error());
    try {
        const std::vector<std::string> rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
        return run_parsed(rest, tools, console);
    } catch (const std::exception& error) {
        console.complain(error.what());
        return to_int(ExitCode::internal);
    }
}

}  // namespace servicekit::servicectl
