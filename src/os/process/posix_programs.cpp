#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <mutex>
#include <utility>

#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/guarded_descriptor.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/programs.hpp"

namespace servicekit::os {
namespace {

// From <sched.h> and <linux/wait.h>, which may be older than the kernel.
constexpr int clone_pidfd = 0x1000;
constexpr auto by_pidfd = static_cast<idtype_t>(3);

/// Input of the new child process. The child runs in the memory of its parent, which waits for it.
struct Birth {
    char* const* command;
    int input;
    int null;                  ///< /dev/null as stdout and stderr; negative: they stay the same
    volatile int errno_value;  ///< why the program could not be executed
};

/// At least as large as the kernel's struct sigaction. All zero means SIG_DFL.
struct DefaultAction {
    std::array<std::uint64_t, 8> zeros{};
};
constexpr std::size_t kernel_signal_set_size = _NSIG / CHAR_BIT;

void close_all_above_standard_streams() {
#ifdef SYS_close_range
    if (::syscall(SYS_close_range, STDERR_FILENO + 1U, UINT_MAX, 0U) == 0) return;
#endif
    constexpr long most_tried = 65'536;
    const long limit = std::min(::sysconf(_SC_OPEN_MAX), most_tried);
    for (int descriptor = STDERR_FILENO + 1; descriptor < limit; ++descriptor) ::close(descriptor);
}

// The child shares its parent's memory, so it only makes system calls that affect the child alone. It resets signals
// without the C library, because the library and the sanitizers keep records of handlers in that memory.
__attribute__((no_sanitize("address", "thread", "undefined"))) int be_born(void* data) {
    Birth& birth = *static_cast<Birth*>(data);
    const DefaultAction by_default{};
    for (int number = 1; number < _NSIG; ++number)
        ::syscall(SYS_rt_sigaction, number, &by_default, nullptr, kernel_signal_set_size);
    ::setsid();
    bool has_streams = ::dup2(birth.input, STDIN_FILENO) >= 0;
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
        has_streams = has_streams && (birth.null < 0 || ::dup2(birth.null, stream) >= 0);
    if (has_streams) {
        close_all_above_standard_streams();
        const std::array<std::uint64_t, 2> no_signals{};
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, no_signals.data(), nullptr, kernel_signal_set_size);
        ::execvp(birth.command[0], birth.command);
    }
    birth.errno_value = errno;
    ::_exit(127);
}

/// Blocks all signals in the calling thread while it lives: a handler in the child would run in the parent's memory.
class AllSignalsBlocked {
public:
    AllSignalsBlocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

/// The stack of the child until it executes the program.
class Stack {
public:
    Stack() : bottom_{::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)} {}
    ~Stack() {
        if (*this) ::munmap(bottom_, size);
    }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    explicit operator bool() const noexcept { return bottom_ != MAP_FAILED; }
    [[nodiscard]] void* top() const noexcept { return static_cast<char*>(bottom_) + size; }

private:
    static constexpr std::size_t size = 256U << 10U;  // execvp(3) puts paths and arguments there
    void* bottom_;
};

class PosixProgram final : public Program {
public:
    PosixProgram(pid_t pid, Descriptor pidfd) : pid_{pid}, pidfd_{std::move(pidfd)} {}
    ~PosixProgram() override { static_cast<void>(PosixProgram::end()); }
    PosixProgram(const PosixProgram&) = delete;
    PosixProgram& operator=(const PosixProgram&) = delete;

    pid_t id() const override { return pid_; }
    int descriptor() const override { return pidfd_.get(); }

    std::optional<ProgramEnd> end() override {
        const std::lock_guard lock{mutex_};
        if (end_) return end_;
        siginfo_t found{};
        while (::waitid(by_pidfd, static_cast<id_t>(pidfd_.get()), &found, WEXITED | WNOHANG) != 0) {
            if (errno == EINTR) continue;
            // Another thread has reaped the child, or SIGCHLD is ignored, so the kernel has.
            if (has_ended(0)) end_ = ProgramEnd{};
            return end_;
        }
        if (found.si_pid == 0) return std::nullopt;
        end_ = {.how = found.si_code == CLD_EXITED ? ProgramEnd::How::exited : ProgramEnd::How::killed,
                .number = found.si_status};
        return end_;
    }

    std::optional<ProgramEnd> wait_for_end(std::chrono::milliseconds at_most) override {
        const Deadline deadline{at_most};
        while (!has_ended(deadline.poll_timeout()))
            if (deadline.passed()) return std::nullopt;
        return end();
    }

    Result<bool> signal(int signal_number) override {
        if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal_number, nullptr, 0) == 0) return true;
        if (errno == ESRCH) return false;
        return os_error("signal process", std::to_string(pid_), errno);
    }

private:
    [[nodiscard]] bool has_ended(int timeout) const {
        pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
        return ::poll(&ended, 1, timeout) > 0;
    }

    pid_t pid_;
    Descriptor pidfd_;
    std::mutex mutex_;
    std::optional<ProgramEnd> end_;
};

class PosixProgramInput final : public ProgramInput {
public:
    PosixProgramInput(Descriptor reader, Descriptor writer)
        : reader_{std::move(reader)}, writer_{std::in_place, std::move(writer)} {}

    // Never fails with EPIPE: this process keeps the reading end open, too.
    Transfer write(std::string_view bytes) noexcept override {
        if (!writer_) return {.state = Transfer::State::failed, .errno_value = EBADF};
        for (;;) {
            const ssize_t count = ::write(writer_->get(), bytes.data(), bytes.size());
            if (count >= 0) return {.bytes = static_cast<std::size_t>(count)};
            if (errno == EAGAIN) return {.state = Transfer::State::would_block, .errno_value = EAGAIN};
            if (errno != EINTR) return {.state = Transfer::State::failed, .errno_value = errno};
        }
    }

    bool wait_until_writable(std::chrono::milliseconds at_most) noexcept override {
        const Deadline deadline{at_most};
        for (;;) {
            pollfd writable{.fd = writer(), .events = POLLOUT, .revents = 0};
            if (::poll(&writable, 1, deadline.poll_timeout()) > 0) return true;
            if (deadline.passed()) return false;
        }
    }

    std::size_t unread() const override {
        int bytes = 0;
        return ::ioctl(reader_.get(), FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }

    Result<void> change_owner(uid_t uid, gid_t gid) override {
        if (::fchown(reader_.get(), uid, gid) != 0) return os_error("hand over", "the pipe of a program", errno);
        return {};
    }

    void close_writer() override { writer_.reset(); }
    int writer() const override { return writer_ ? writer_->get() : -1; }
    int reader() const override { return reader_.get(); }

private:
    GuardedDescriptor reader_;
    std::optional<GuardedDescriptor> writer_;
};

/// Sets the capacity as near to `wanted` as this user may.
void set_capacity(const Descriptor& pipe, std::size_t wanted) {
    constexpr std::size_t usual = 64U << 10U;
    for (; wanted > usual; wanted /= 2)
        if (wanted <= INT_MAX && ::fcntl(pipe.get(), F_SETPIPE_SZ, static_cast<int>(wanted)) >= 0) return;
}

class PosixPrograms final : public Programs {
public:
    Result<std::unique_ptr<ProgramInput>> open_input(std::size_t capacity) override {
        constexpr const char* action = "open a pipe";
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error(action, "", errno);
        Descriptor reader = above_standard_streams(ends[0]);
        Descriptor writer = above_standard_streams(ends[1]);
        // Each end has its own flags: the program's end stays blocking.
        if (!reader || !writer || ::fcntl(writer.get(), F_SETFL, O_NONBLOCK) != 0) return os_error(action, "", errno);
        set_capacity(writer, capacity);
        return std::unique_ptr<ProgramInput>{std::make_unique<PosixProgramInput>(std::move(reader), std::move(writer))};
    }

    Result<std::unique_ptr<Program>> start(const ProgramStart& start) override {
        const std::string name = start.command.empty() ? std::string{} : start.command.front();
        const auto fault = [&name](int errno_value) { return os_error("start the program", name, errno_value); };
        if (name.empty()) return fault(EINVAL);
        // An earlier program may have made it non-blocking, which this one does not expect.
        if (::fcntl(start.input->reader(), F_SETFL, 0) != 0) return fault(errno);
        Descriptor null;
        if (start.output == ProgramOutput::null) {
            null = above_standard_streams(open_uninterrupted("/dev/null", O_RDWR | O_CLOEXEC));
            if (!null) return fault(errno);
        }
        std::vector<std::string> words = start.command;
        std::vector<char*> command;
        command.reserve(words.size() + 1);
        for (std::string& word : words) command.push_back(word.data());
        command.push_back(nullptr);
        const Stack stack;
        if (!stack) return fault(errno);

        Birth birth{.command = command.data(), .input = start.input->reader(), .null = null.get(), .errno_value = 0};
        int pidfd = -1;
        pid_t pid = -1;
        {
            const AllSignalsBlocked blocked;
            pid = ::clone(be_born, stack.top(), CLONE_VM | CLONE_VFORK | clone_pidfd | SIGCHLD, &birth, &pidfd);
        }
        if (pid < 0) return fault(errno);
        if (pidfd < 0) {  // Linux before 5.2
            ::kill(pid, SIGKILL);
            static_cast<void>(::waitpid(pid, nullptr, 0));
            return fault(ENOSYS);
        }
        auto program = std::make_unique<PosixProgram>(pid, Descriptor{pidfd});
        if (const int errno_value = birth.errno_value; errno_value != 0) {
            static_cast<void>(program->wait_for_end(std::chrono::seconds{1}));
            Error error = fault(errno_value);
            if (errno_value == ENOENT && name.find('/') == std::string::npos)
                error.reason = "there is no such program in PATH";
            return error;
        }
        return std::unique_ptr<Program>{std::move(program)};
    }
};

}  // namespace

Programs& posix_programs() {
    static PosixPrograms programs;
    return programs;
}

}  // namespace servicekit::os
