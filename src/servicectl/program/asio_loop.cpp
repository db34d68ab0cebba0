#include "servicectl/program/asio_loop.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace servicekit::servicectl {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

class AsioTimer final : public os::Timer {
public:
    explicit AsioTimer(asio::io_context& context) : timer_{context} {}
    void start(std::chrono::milliseconds from_now, std::function<void()> callback) override {
        timer_.expires_after(from_now);
        // A wait that has ended may still be queued when the timer is stopped or destroyed.
        number_ = std::make_shared<int>();
        timer_.async_wait(
            [number = std::weak_ptr<int>{number_}, callback = std::move(callback)](const error_code& error) {
                if (!error && !number.expired()) callback();
            });
    }
    void stop() override {
        number_.reset();
        timer_.cancel();
    }

private:
    asio::steady_timer timer_;
    std::shared_ptr<int> number_;
};

class AsioWatch final : public os::Watch {
public:
    AsioWatch(asio::io_context& context, int descriptor) : descriptor_{context} {
        const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) throw std::system_error{errno, std::generic_category(), "cannot watch a connection"};
        descriptor_.assign(copy);
    }
    void await_readable(std::function<void()> callback) override {
        await(stream_descriptor::wait_read, readable_, std::move(callback));
    }
    void await_writable(std::function<void()> callback) override {
        await(stream_descriptor::wait_write, writable_, std::move(callback));
    }
    void cancel() override {
        readable_.reset();
        writable_.reset();
        descriptor_.cancel();
    }

private:
    void await(stream_descriptor::wait_type type, std::shared_ptr<int>& number, std::function<void()> callback) {
        number = std::make_shared<int>();
        descriptor_.async_wait(
            type, [number = std::weak_ptr<int>{number}, callback = std::move(callback)](const error_code& error) {
                if (error != asio::error::operation_aborted && !number.expired()) callback();
            });
    }

    stream_descriptor descriptor_;
    std::shared_ptr<int> readable_;
    std::shared_ptr<int> writable_;
};

/// A program that runs, and what it prints.
class Child : public std::enable_shared_from_this<Child> {
public:
    Child(asio::io_context& context, pid_t pid, int pidfd, int output, std::function<void(web::ProgramResult)> on_end)
        : pid_{pid}, end_{context, pidfd}, output_{context, output}, on_end_{std::move(on_end)} {}

    void start() {
        read();
        end_.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
            if (!error) self->finish();
        });
    }

private:
    void read() {
        output_.async_read_some(asio::buffer(buffer_),
                                [self = shared_from_this()](const error_code& error, std::size_t size) {
                                    self->keep(size);
                                    if (!error) self->read();
                                });
    }
    void keep(std::size_t size) {
        constexpr std::size_t longest = std::size_t{16} << 10U;
        const std::size_t room = longest - std::min(longest, result_.output.size());
        result_.output.append(buffer_.data(), std::min(size, room));
    }
    void finish() {
        // What it has printed may not be read yet. Its own children may keep the pipe open.
        error_code error;
        output_.cancel(error);
        output_.non_blocking(true, error);
        while (!error) keep(output_.read_some(asio::buffer(buffer_), error));
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        constexpr int killed = 128;
        result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : killed + WTERMSIG(status);
        on_end_(std::move(result_));
    }

    pid_t pid_;
    stream_descriptor end_;
    stream_descriptor output_;
    std::function<void(web::ProgramResult)> on_end_;
    web::ProgramResult result_;
    std::array<char, 4096> buffer_{};
};

/// Starts the program in a session of its own, so that a signal of the terminal does not end what it does.
int spawn(const std::vector<std::string>& command, int output, pid_t& pid) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    // Asio does not mark all of its descriptors as close-on-exec.
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes,
                               static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    const int error = ::posix_spawnp(&pid, command.front().c_str(), &actions, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return error;
}

}  // namespace

std::unique_ptr<os::Timer> AsioLoop::timer() { return std::make_unique<AsioTimer>(context_); }

std::unique_ptr<os::Watch> AsioLoop::watch(int descriptor) { return std::make_unique<AsioWatch>(context_, descriptor); }

void AsioLoop::post(std::function<void()> call) { asio::post(context_, std::move(call)); }

Result<void> AsioLoop::run(const std::vector<std::string>& command, std::function<void(web::ProgramResult)> on_end) {
    const auto fail = [&command](int error) { return os_error("run", command.front(), error); };
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno);
    pid_t pid = 0;
    const int error = spawn(command, ends[1], pid);
    ::close(ends[1]);
    const int pidfd = error == 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1;
    if (pidfd < 0) {
        const int reason = error != 0 ? error : errno;
        ::close(ends[0]);
        return fail(reason);
    }
    std::make_shared<Child>(context_, pid, pidfd, ends[0], std::move(on_end))->start();
    return {};
}

}  // namespace servicekit::servicectl
