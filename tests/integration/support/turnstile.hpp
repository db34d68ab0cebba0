#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "integration/support/command.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {

/// A FIFO that holds its readers until the test lets a number of them pass. Each reader waits for a line.
class Turnstile {
public:
    explicit Turnstile(std::string path) : path_{std::move(path)} {
        if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error{"cannot make " + path_};
        // Opened for both directions, so that neither this nor a reader waits for the other to open it.
        both_ends_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    }
    ~Turnstile() { ::unlink(path_.c_str()); }
    Turnstile(const Turnstile&) = delete;
    Turnstile& operator=(const Turnstile&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Returns the command behind the turnstile. It prints "waiting" when it waits.
    [[nodiscard]] Command hold(Command command) const {
        const Strings waiting{"sh", "-c", R"(exec 3<"$0"; echo waiting; read -r _ <&3; exec 3<&-; exec "$@")", path_};
        command.arguments.insert(command.arguments.begin(), waiting.begin(), waiting.end());
        return command;
    }

    /// Lets readers pass, including those that arrive later.
    void let_pass(std::size_t readers = 1) const {
        const std::string lines(readers, '\n');
        if (::write(both_ends_.get(), lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()))
            throw std::runtime_error{"cannot write into " + path_};
    }

private:
    std::string path_;
    os::Descriptor both_ends_;
};

}  // namespace servicekit::test
