#include "os/streams/terminal_input.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "os/descriptor.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

/// Keeps the signals that end a process pending until the terminal is restored.
class SignalsPutOff {
public:
    SignalsPutOff() {
        sigset_t set;
        sigemptyset(&set);
        for (const int number : std::array{SIGINT, SIGTERM, SIGHUP}) {
            struct sigaction current {};
            // A blocked signal stays pending even if it is ignored, as HUP is under nohup(1).
            if (sigaction(number, nullptr, &current) == 0 && current.sa_handler != SIG_IGN) sigaddset(&set, number);
        }
        pthread_sigmask(SIG_BLOCK, &set, &before_);
        pending_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    SignalsPutOff(const SignalsPutOff&) = delete;
    SignalsPutOff& operator=(const SignalsPutOff&) = delete;
    /// A pending signal now takes effect.
    ~SignalsPutOff() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    /// Waits until something can be read. \returns false if a signal came first
    [[nodiscard]] bool wait_for_input() const {
        for (;;) {
            std::array<pollfd, 2> sources{{{STDIN_FILENO, POLLIN, 0}, {pending_.get(), POLLIN, 0}}};
            if (::poll(sources.data(), sources.size(), -1) < 0 && errno == EINTR) continue;
            if (sources[1].revents != 0) return false;
            if (sources[0].revents != 0) return true;
        }
    }

private:
    Descriptor pending_;
    sigset_t before_{};
};

/// The terminal of stdin without echo. For a line it shows only the newline; for single keys it shows nothing.
class WithoutEcho {
public:
    enum class Input { line, key };

    explicit WithoutEcho(Input input) {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ECHONL);
        quiet.c_lflag |= ISIG;
        if (input == Input::line) quiet.c_lflag |= ICANON | ECHONL;
        if (input == Input::key) {
            quiet.c_cc[VMIN] = 1;
            quiet.c_cc[VTIME] = 0;
        }
        // A process that is stopped or dumps core would leave the terminal without echo.
        for (const int key : {VSUSP, VQUIT}) quiet.c_cc[key] = _POSIX_VDISABLE;
        is_set_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
    }
    WithoutEcho(const WithoutEcho&) = delete;
    WithoutEcho& operator=(const WithoutEcho&) = delete;
    ~WithoutEcho() {
        if (is_set_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    }
    [[nodiscard]] bool is_set() const noexcept { return is_set_; }

private:
    termios before_{};
    bool is_set_ = false;
};

/// Writes to stderr and ignores failures.
void show_on_stderr(std::string_view text) { static_cast<void>(write_whole(STDERR_FILENO, text)); }

}  // namespace

Result<std::optional<std::string>> ask_for_hidden_line(const std::string& prompt) {
    const SignalsPutOff put_off;
    const WithoutEcho without_echo{WithoutEcho::Input::line};
    if (!without_echo.is_set()) return os_error("turn off the echo of", "stdin", errno);
    show_on_stderr(prompt);
    std::string line;
    for (;;) {
        if (!put_off.wait_for_input()) {
            show_on_stderr("\n");
            return os_error("read", "stdin", EINTR);
        }
        std::array<char, 4096> buffer{};
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("read", "stdin", errno);
        line.append(buffer.data(), static_cast<std::size_t>(count));
        if (const auto end = line.find('\n'); end != std::string::npos) {
            line.resize(end);
            return std::optional{std::move(line)};
        }
        if (count > 0) continue;  // Ctrl-D within a line ends read(2) with the text so far
        show_on_stderr("\n");
        if (line.empty()) return std::optional<std::string>{};
        return std::optional{std::move(line)};
    }
}

Result<std::optional<char>> ask_for_key(const std::string& prompt, std::string_view keys) {
    constexpr char end_of_input = '\x04';  // Ctrl-D, which arrives like any other key here
    const SignalsPutOff put_off;
    const WithoutEcho without_echo{WithoutEcho::Input::key};
    if (!without_echo.is_set()) return os_error("read single keys from", "stdin", errno);
    show_on_stderr(prompt);
    for (;;) {
        if (!put_off.wait_for_input()) {
            show_on_stderr("\n");
            return os_error("read", "stdin", EINTR);
        }
        char key = end_of_input;
        const ssize_t count = ::read(STDIN_FILENO, &key, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("read", "stdin", errno);
        const bool is_over = count == 0 || key == end_of_input;
        if (!is_over && keys.find(key) == std::string_view::npos) continue;
        show_on_stderr(is_over ? "\n" : std::string{key, '\n'});
        return is_over ? std::optional<char>{} : std::optional{key};
    }
}

}  // namespace servicekit::os
