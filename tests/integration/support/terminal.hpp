#pragma once

#include <string>

#include "integration/support/command.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {

/// A pseudo-terminal. Commands run at one end; the test types and reads at the other.
class Terminal {
public:
    Terminal();
    /// Returns false if this machine has no pseudo-terminals.
    [[nodiscard]] bool is_there() const noexcept { return static_cast<bool>(terminal_); }

    /// Returns the command with this as its controlling terminal and as stdin, stdout and stderr. Keys send it signals.
    [[nodiscard]] Command own(Command command) const;
    /// Makes this the terminal of this process, a forked child, with stdin and stdout.
    void own_this_process() const;
    void type(const std::string& keys) const;
    void resize(unsigned short columns, unsigned short rows) const;
    /// Waits until the terminal has shown the text, after the text of the last call. \returns what came before the text
    std::string await_shown(const std::string& text);
    /// Returns the end at which commands run.
    [[nodiscard]] int descriptor() const noexcept { return terminal_.get(); }
    /// Returns true if the terminal shows what is typed.
    [[nodiscard]] bool echoes() const;

    static constexpr const char* ctrl_c = "\x03";
    static constexpr const char* ctrl_d = "\x04";

private:
    os::Descriptor user_;
    std::string name_;
    os::Descriptor terminal_;  ///< keeps the terminal from hanging up
    std::string shown_;
};

}  // namespace servicekit::test
