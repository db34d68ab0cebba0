#pragma once

#include <functional>
#include <string>

#include "integration/support/command.hpp"

namespace servicekit::test {

/// A terminal that understands what programs draw: a window of tmux(1) with a shell. The destructor ends the shell and
/// what it runs.
class Tmux {
public:
    /// \param directory for its socket \param variables of the shell, in addition to those of this process
    Tmux(const std::string& directory, unsigned columns, unsigned rows, const Variables& variables);
    Tmux(const Tmux&) = delete;
    Tmux& operator=(const Tmux&) = delete;
    ~Tmux();

    /// Returns what the window shows. Trailing spaces of the lines are left out.
    [[nodiscard]] std::string screen() const;
    /// Waits until the window shows what the function wants. \returns what it shows then
    std::string await_screen(const std::string& what, const std::function<bool(const std::string&)>& is_wanted) const;
    /// Waits until the window shows the text.
    std::string await_text(const std::string& text) const;
    /// Types a text into the shell, and Return.
    void enter(const std::string& line) const;
    /// Types keys by their names: "Down", "Escape", "C-z", "x".
    void press(const Strings& keys) const;
    void resize(unsigned columns, unsigned rows) const;
    /// Returns true while a program has switched to the second screen, as programs with a whole screen do.
    [[nodiscard]] bool is_second_screen() const;
    /// Returns the pid of the shell's child. Waits until there is one.
    [[nodiscard]] pid_t child_of_shell() const;

private:
    std::string ask(Strings words) const;

    std::string socket_;
    RunningCommand server_;
};

}  // namespace servicekit::test
