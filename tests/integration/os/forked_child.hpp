#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "os/descriptor.hpp"

namespace servicekit::os::test {

/// The user that a child which began as root may become.
inline constexpr uid_t some_user = 65534;

inline bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

/// Disables the core dump of a child that is about to crash.
inline void dump_no_core() {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

/// Lines of text between two processes. Waits at most a minute, so that a test does not hang.
class Lines {
public:
    explicit Lines(Descriptor socket) : socket_{std::move(socket)} {}

    void tell(std::string line) {
        line += '\n';
        static_cast<void>(::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL));
    }

    /// \returns the next line without its newline, or "(nothing)" if none came
    std::string hear() {
        std::string line;
        char character = 0;
        while (will_come(60'000) && ::recv(socket_.get(), &character, 1, 0) == 1) {
            if (character == '\n') return line;
            line += character;
        }
        return "(nothing)";
    }

    /// Returns true if the other side has sent something or is gone.
    [[nodiscard]] bool has_come() const { return will_come(0); }

private:
    [[nodiscard]] bool will_come(int milliseconds) const {
        pollfd readable{socket_.get(), POLLIN, 0};
        int count = 0;
        do count = ::poll(&readable, 1, milliseconds);
        while (count < 0 && errno == EINTR);
        return count > 0;
    }

    Descriptor socket_;
};

/// A child of fork(2) that runs a function and exits with its result. The destructor kills it.
class ForkedChild {
public:
    explicit ForkedChild(const std::function<int(Lines&)>& body) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error{"no socketpair"};
        Descriptor ours{ends[0]};
        Descriptor childs{ends[1]};
        std::fflush(nullptr);  // otherwise a child that flushes would print our buffered output again
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error{"cannot fork"};
        if (pid_ == 0) {
            ours.reset();
            Lines parent{std::move(childs)};
            int status = 99;
            try {
                status = body(parent);
            } catch (const std::exception& failure) {
                parent.tell(failure.what());
            }
            ::_exit(status);
        }
        lines_ = Lines{std::move(ours)};
    }
    ForkedChild(const ForkedChild&) = delete;
    ForkedChild& operator=(const ForkedChild&) = delete;
    ~ForkedChild() { end(); }

    [[nodiscard]] pid_t pid() const { return pid_; }
    void tell(std::string line) { lines_.tell(std::move(line)); }
    std::string hear() { return lines_.hear(); }

    /// \returns what the body returned, or 128 and the number of the signal that ended it
    int wait() {
        if (!is_reaped_) {
            int status = 0;
            while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
            }
            is_reaped_ = true;
            result_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        return result_;
    }

    /// Kills it before it can clean up.
    void end() {
        if (!is_reaped_) ::kill(pid_, SIGKILL);
        wait();
    }

private:
    pid_t pid_ = -1;
    Lines lines_{Descriptor{}};
    bool is_reaped_ = false;
    int result_ = -1;
};

/// Returns the result of `answer` from a process of its own.
inline std::string in_another_process(const std::function<std::string()>& answer) {
    ForkedChild child{[&](Lines& parent) {
        parent.tell(answer());
        return 0;
    }};
    return child.hear();
}

}  // namespace servicekit::os::test
