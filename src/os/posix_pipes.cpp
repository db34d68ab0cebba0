#include "servicekit/os/pipes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/patient_write.hpp"
#include "os/process/fork_guard.hpp"
#include "os/sockets/sigpipe_block.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

/// Blocks the signals that would end this process in the calling thread while it lives, so that the thread can wait for
/// them, even if they were blocked before. The destructor discards those that arrived.
class AwaitedSignals {
public:
    AwaitedSignals() {
        sigset_t signals;
        sigemptyset(&signals);
        // A blocked signal stays pending even if it is ignored; nohup(1) ignores HUP on purpose.
        for (const int number : {SIGINT, SIGTERM, SIGHUP})
            if (!is_ignored(number)) sigaddset(&signals, number);
        descriptor_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
        // If there is no way to wait for them, they had better end the process than stay pending.
        if (descriptor_) pthread_sigmask(SIG_BLOCK, &signals, &mask_before_);
    }
    AwaitedSignals(const AwaitedSignals&) = delete;
    AwaitedSignals& operator=(const AwaitedSignals&) = delete;
    ~AwaitedSignals() {
        if (!descriptor_) return;
        if (came_) use_up();
        pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    }

    /// For poll(2), which ignores a negative one.
    [[nodiscard]] int descriptor() const { return descriptor_.get(); }
    void have_come() { came_ = true; }

private:
    static bool is_ignored(int number) {
        struct sigaction action {};
        return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    }

    void use_up() {
        signalfd_siginfo signal{};
        while (::read(descriptor_.get(), &signal, sizeof signal) > 0) {
        }
    }

    Descriptor descriptor_;
    sigset_t mask_before_{};
    bool came_ = false;
};

class PosixPipe final : public Pipe {
public:
    PosixPipe(Descriptor reader, Descriptor writer) : reader_{std::move(reader)}, writer_{std::move(writer)} {}

    ~PosixPipe() override { PosixPipe::close_writer(); }
    PosixPipe(const PosixPipe&) = delete;
    PosixPipe& operator=(const PosixPipe&) = delete;

    void close_reader() override { reader_.reset(); }
    void close_writer() override {
        if (std::exchange(is_guarded_, false)) forget(writer_.get());
        writer_.reset();
    }
    void keep_writer_from_children() override {
        if (writer_ && !std::exchange(is_guarded_, true)) close_in_children(writer_.get());
    }

    Result<void> write(std::string_view text) override {
        const SigpipeBlock block;
        return write_whole(writer_.get(), text) ? Result<void>{} : os_error("write to a pipe", "", errno);
    }

    void write_at_crash(std::string_view text) noexcept override {
        const SigpipeBlock block;
        static_cast<void>(patient_write(writer_.get(), text, Deadline{std::chrono::seconds{1}}));
    }

    PipeReading read_line(std::chrono::milliseconds at_most) override {
        PipeReading reading;
        if (!reader_) return reading;
        const Deadline deadline{at_most};
        AwaitedSignals signals;
        while (true) {
            std::array<pollfd, 2> awaited{{{reader_.get(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}}};
            const int count = ::poll(awaited.data(), awaited.size(), deadline.poll_timeout());
            if (count == 0 && deadline.passed()) {
                reading.end = PipeReading::End::timed_out;
                return reading;
            }
            // Text in the pipe counts more than a signal that arrives at the same time.
            if (count > 0 && awaited[0].revents != 0) {
                if (read_some(reading.text)) continue;
                return reading;
            }
            if (count > 0 && awaited[1].revents != 0) {
                signals.have_come();
                reading.end = PipeReading::End::interrupted;
                return reading;
            }
        }
    }

    int writer() const override { return writer_.get(); }

private:
    /// \returns true if more may follow.
    bool read_some(std::string& text) {
        std::array<char, 4096> buffer;
        const ssize_t count = ::read(reader_.get(), buffer.data(), buffer.size());
        if (count < 0) return errno == EINTR || errno == EAGAIN;
        const std::string_view part{buffer.data(), static_cast<std::size_t>(count)};
        text += part;
        return count > 0 && part.find('\n') == std::string_view::npos;
    }

    Descriptor reader_;
    Descriptor writer_;
    bool is_guarded_ = false;
};

class PosixPipes final : public Pipes {
public:
    Result<std::unique_ptr<Pipe>> open() override {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("open a pipe", "", errno);
        Descriptor reader = above_standard_streams(ends[0]);
        Descriptor writer = above_standard_streams(ends[1]);
        if (!reader || !writer) return os_error("open a pipe", "", errno);
        return std::unique_ptr<Pipe>{std::make_unique<PosixPipe>(std::move(reader), std::move(writer))};
    }
};

}  // namespace

Pipes& posix_pipes() {
    static PosixPipes pipes;
    return pipes;
}

}  // namespace servicekit::os
