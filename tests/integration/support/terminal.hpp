#pragma once

#include <string>

#include "integration/support/command.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {

/// A pseudo-terminal, at whose one end commands run, and at whose other the test types and looks.
class Terminal {
public:
    Terminal();
    /// False if this machine has no pseudo-terminals.
    [[nodiscard]] bool is_there() const noexcept { return static_cast<bool>(terminal_); }

    /// The command with this terminal as its own: stdin, stdout and stderr lead to it, and its keys send signals.
    [[nodiscard]] Command own(Command command) const;
    /// The same for this process, a forked child: stdin and stdout lead to it.
    void own_this_process() const;
    void type(const std::string& keys) const;
    void resize(unsigned short columns, unsigned short rows) const;
    /// Waits until the terminal has shown the text, after what was awaited before. \returns what came before the text
    std::string await_shown(const std::string& text);
    /// The end at which commands run.
    [[nodiscard]] int descriptor() const noexcept { return terminal_.get(); }
    /// Whether it shows what is typed.
    [[nodiscard]] bool echoes() const;

    static constexpr const char* ctrl_c = "\x03";
    static constexpr const char* ctrl_d = "\x04";

private:
    os::Descriptor user_;
    std::string name_;
    os::Descriptor terminal_;  ///< as long as somebody has it open, it does not hang up
    std::string shown_;
};

}  // namespace servicekit::test
