#include "integration/support/terminal.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "integration/support/readable.hpp"

namespace servicekit::test {

Terminal::Terminal() : user_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)} {
    if (!user_ || ::grantpt(user_.get()) != 0 || ::unlockpt(user_.get()) != 0) return;
    name_ = ::ptsname(user_.get());
    terminal_.reset(::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
}

Command Terminal::own(Command command) const {
    const Strings in_terminal{"sh", "-c", R"(tty=$1; shift; exec setsid -c -w "$@" <"$tty" >"$tty" 2>&1)", "sh", name_};
    command.arguments.insert(command.arguments.begin(), in_terminal.begin(), in_terminal.end());
    command.variables.emplace_back("TERM", "vt100");
    command.variables.emplace_back("LC_ALL", "C");
    return command;
}

void Terminal::own_this_process() const {
    ::setsid();
    ::ioctl(terminal_.get(), TIOCSCTTY, 0);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) ::dup2(terminal_.get(), stream);
}

void Terminal::resize(unsigned short columns, unsigned short rows) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::ioctl(terminal_.get(), TIOCSWINSZ, &size) != 0) throw std::runtime_error{"cannot resize the terminal"};
}

void Terminal::type(const std::string& keys) const {
    if (::write(user_.get(), keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
        throw std::runtime_error{"cannot type"};
}

std::string Terminal::await_shown(const std::string& text) {
    constexpr std::chrono::minutes patience{1};
    std::size_t found = 0;
    while ((found = shown_.find(text)) == std::string::npos) {
        if (!is_readable(user_.get(), patience)) throw std::runtime_error{"not '" + text + "' but: " + shown_};
        std::array<char, 4096> buffer{};
        const ssize_t count = ::read(user_.get(), buffer.data(), buffer.size());
        if (count > 0) shown_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    std::string before = shown_.substr(0, found);
    shown_.erase(0, found + text.size());
    return before;
}

bool Terminal::echoes() const {
    termios settings{};
    if (::tcgetattr(terminal_.get(), &settings) != 0) throw std::runtime_error{"it is not a terminal"};
    return (settings.c_lflag & ECHO) != 0;
}

}  // namespace servicekit::test
