#include "integration/support/tmux.hpp"

#include <csignal>
#include <stdexcept>

#include "integration/support/await.hpp"
#include "integration/support/proc_path.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {
namespace {

Command server(const std::string& socket, const Variables& variables) {
    // Without a user's own settings; as a child of this process, so that the test sees whether it has ended.
    return {.arguments = {"tmux", "-S", socket, "-f", "/dev/null", "-u", "-D"}, .variables = variables};
}

}  // namespace

Tmux::Tmux(const std::string& directory, unsigned columns, unsigned rows, const Variables& variables)
    : socket_{directory + "/tmux"}, server_{server(socket_, variables)} {
    await_state("tmux answers", [this] {
        return run_command({.arguments = {"tmux", "-S", socket_, "show-options", "-g"}}).exit_code == 0;
    });
    ask({"set-option", "-g", "status", "off"});
    ask({"set-option", "-s", "escape-time", "0"});
    ask({"new-session", "-d", "-x", std::to_string(columns), "-y", std::to_string(rows), "sh -i"});
}

Tmux::~Tmux() {
    try {
        static_cast<void>(run_command({.arguments = {"tmux", "-S", socket_, "kill-server"}}));
        static_cast<void>(server_.finish());
    } catch (const std::exception&) {
        // The destructor of the server kills it.
    }
}

std::string Tmux::ask(Strings words) const {
    words.insert(words.begin(), {"tmux", "-S", socket_, "-u"});
    const Outcome outcome = run_command({.arguments = words});
    if (outcome.exit_code != 0) throw std::runtime_error{"tmux: " + outcome.err};
    return outcome.out;
}

std::string Tmux::screen() const { return ask({"capture-pane", "-p"}); }

std::string Tmux::await_screen(const std::string& what,
                               const std::function<bool(const std::string&)>& is_wanted) const {
    std::string shown;
    try {
        await_state(what, [&] {
            shown = screen();
            return is_wanted(shown);
        });
    } catch (const std::runtime_error& error) {
        throw std::runtime_error{std::string{error.what()} + "; the screen is:\n" + shown};
    }
    return shown;
}

std::string Tmux::await_text(const std::string& text) const {
    return await_screen("the screen shows '" + text + "'",
                        [&text](const std::string& shown) { return shown.find(text) != std::string::npos; });
}

void Tmux::enter(const std::string& line) const {
    ask({"send-keys", "-l", line});
    press({"Enter"});
}

void Tmux::press(const Strings& keys) const {
    Strings words{"send-keys"};
    words.insert(words.end(), keys.begin(), keys.end());
    ask(words);
}

void Tmux::resize(unsigned columns, unsigned rows) const {
    ask({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)});
}

bool Tmux::is_second_screen() const { return ask({"display-message", "-p", "#{alternate_on}"}) == "1\n"; }

pid_t Tmux::child_of_shell() const {
    const auto shell = static_cast<pid_t>(std::stol(ask({"display-message", "-p", "#{pane_pid}"})));
    std::string children;
    await_state("the shell has a child", [&] {
        children = read_file(proc(shell, "task/" + std::to_string(shell) + "/children"));
        return !children.empty();
    });
    return static_cast<pid_t>(std::stol(children));
}

}  // namespace servicekit::test
