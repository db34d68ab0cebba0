#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "os/descriptor.hpp"
#include "os/loop/doorbell.hpp"
#include "os/process/fork_guard.hpp"
#include "os/signals/signal_arrivals.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit::os {
namespace {

/// Delivers the signals of one take() on the loop's thread.
class Reception : public std::enable_shared_from_this<Reception> {
public:
    explicit Reception(std::function<void(const ReceivedSignal&)> callback) : callback_{std::move(callback)} {}

    /// \pre the loop is not running \throws std::system_error, std::bad_alloc
    void open(EventLoop& loop, int descriptor) {
        descriptor_ = descriptor;
        watch_ = loop.watch(descriptor);
        await();
    }
    /// From any thread. Once this returns, the callback is not called any more, except if
    /// the callback itself calls this.
    void close(EventLoop& loop) {
        const std::lock_guard lock{mutex_};
        is_closed_ = true;
        // Only the loop's thread may destroy a watch. If the loop has ended, the call is destroyed with the loop.
        loop.post([self = shared_from_this()] { self->watch_.reset(); });
    }

private:
    void await() {
        watch_->await_readable([this] { deliver(); });
    }
    void deliver() {
        const std::shared_ptr<Reception> alive_until_the_end = shared_from_this();
        const std::lock_guard lock{mutex_};
        if (is_closed_) return;
        // Called first, as the callback may throw.
        await();
        silence(descriptor_);
        for (int number = 1; number < _NSIG && !is_closed_; ++number)
            if (const auto sender = signal_arrivals::take(number)) deliver({.number = number, .sender = *sender});
    }
    void deliver(const ReceivedSignal& signal) {
        try {
            callback_(signal);
        } catch (...) {
            // The next turn delivers the others.
            ring(descriptor_);
            throw;
        }
    }

    std::recursive_mutex mutex_;  ///< recursive, since the callback may give the signals back
    std::function<void(const ReceivedSignal&)> callback_;
    bool is_closed_ = false;
    int descriptor_ = -1;
    std::unique_ptr<Watch> watch_;
};

std::string signal_action(std::string_view verb, int number) {
    return std::string{verb} + " signal " + std::to_string(number);
}

bool is_ignored(int number) {
    struct sigaction current {};
    return sigaction(number, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) == 0 &&
           current.sa_handler == SIG_IGN;
}

/// Returns true if a library of the program uses this signal itself. Some garbage collectors stop and start threads
/// with SIGXCPU. Such a program is not notified when the kernel sends SIGXCPU at the end of a processor time limit.
bool is_taken_by_program(int number) {
    if (number != SIGXCPU) return false;
    struct sigaction current {};
    if (sigaction(number, nullptr, &current) != 0 || signal_arrivals::is_ours(current)) return false;
    return (current.sa_flags & SA_SIGINFO) != 0 || (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN);
}

/// The signal mask and the ignored signals from exec(2), before the program could change them.
struct InheritedSignals {
    InheritedSignals() noexcept {
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        sigemptyset(&ignored);
        for (int number = 1; number < NSIG; ++number)
            if (is_ignored(number)) sigaddset(&ignored, number);
    }
    /// Restores the default action of a signal that the parent process had ignored.
    void forget_ignored(int number) const noexcept {
        if (sigismember(&ignored, number) == 1 && is_ignored(number)) ::signal(number, SIG_DFL);
    }

    sigset_t blocked = {};
    sigset_t ignored = {};
};

const InheritedSignals inherited;

class PosixSignals final : public Signals {
public:
    Result<void> note(std::span<const int> kept, std::span<const int> ending) override;
    [[nodiscard]] std::vector<ReceivedSignal> noted() const override;
    Result<void> hold() override;
    void release_held() override;
    void forget_caller() override;
    Result<void> take(std::span<const int> numbers, EventLoop& loop,
                      std::function<void(const ReceivedSignal&)> callback) override;
    void give_back() override;

private:
    Result<void> install_handlers(std::span<const int> kept, std::span<const int> ending);
    Result<void> deliver_to(EventLoop& loop, std::function<void(const ReceivedSignal&)> callback);
    Result<void> open_doorbell();
    void end_noting();
    void disown_what_the_parent_took();

    static sigset_t& held_in_this_thread();

    std::mutex mutex_;
    bool is_noting_ = false;
    bool is_taken_ = false;
    sigset_t named_ = {};  ///< the signals given to note() and take()
    EventLoop* loop_ = nullptr;
    std::shared_ptr<Reception> reception_;
    std::vector<std::shared_ptr<Reception>> disowned_;
    /// Never closed: a handler that runs in another thread may outlast give_back().
    Descriptor doorbell_;
    pid_t doorbell_process_ = 0;
};

sigset_t& PosixSignals::held_in_this_thread() {
    thread_local sigset_t held = [] {
        sigset_t none;
        sigemptyset(&none);
        return none;
    }();
    return held;
}

Error taken_by_another() {
    return Error{ExitCode::os, "take the signals", "", "another service in this process has them"};
}

Result<void> PosixSignals::note(std::span<const int> kept, std::span<const int> ending) {
    const std::lock_guard lock{mutex_};
    disown_what_the_parent_took();
    if (is_taken_) return taken_by_another();
    if (auto installed = install_handlers(kept, ending); !installed) return installed;
    inherited.forget_ignored(SIGCHLD);
    pthread_sigmask(SIG_UNBLOCK, &named_, nullptr);
    return {};
}

std::vector<ReceivedSignal> PosixSignals::noted() const {
    std::vector<ReceivedSignal> signals;
    for (int number = 1; number < _NSIG; ++number)
        if (const auto sender = signal_arrivals::noted(number))
            signals.push_back({.number = number, .sender = *sender});
    return signals;
}

Result<void> PosixSignals::hold() {
    const std::lock_guard lock{mutex_};
    if (is_taken_by_program(SIGXCPU)) sigdelset(&named_, SIGXCPU);
    if (const int error = pthread_sigmask(SIG_BLOCK, &named_, nullptr); error != 0)
        return os_error("hold signals", "", error);
    held_in_this_thread() = named_;
    signal_arrivals::restore();
    return {};
}

void PosixSignals::release_held() {
    sigset_t& held = held_in_this_thread();
    pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
    sigemptyset(&held);
}

void PosixSignals::forget_caller() {
    // Done before unblocking, so that no pending signal is ignored as the parent process wanted.
    sigset_t freed = inherited.blocked;
    for (int number = 1; number < NSIG; ++number) {
        inherited.forget_ignored(number);
        if (sigismember(&held_in_this_thread(), number) == 1) sigdelset(&freed, number);
    }
    pthread_sigmask(SIG_UNBLOCK, &freed, nullptr);
}

Result<void> PosixSignals::take(std::span<const int> numbers, EventLoop& loop,
                                std::function<void(const ReceivedSignal&)> callback) {
    const std::lock_guard lock{mutex_};
    disown_what_the_parent_took();
    if (is_taken_) return taken_by_another();
    if (auto opened = open_doorbell(); !opened) return opened;
    if (auto installed = install_handlers(numbers, {}); !installed) return installed;
    if (!signal_arrivals::neutralize(SIGPIPE)) {
        const int fault = errno;
        end_noting();
        return os_error(signal_action("take", SIGPIPE), "", fault);
    }
    if (auto delivered = deliver_to(loop, std::move(callback)); !delivered) {
        end_noting();
        return delivered;
    }
    is_taken_ = true;
    loop_ = &loop;
    return {};
}

Result<void> PosixSignals::deliver_to(EventLoop& loop, std::function<void(const ReceivedSignal&)> callback) {
    try {
        auto reception = std::make_shared<Reception>(std::move(callback));
        reception->open(loop, doorbell_.get());
        reception_ = std::move(reception);
    } catch (const std::system_error& error) {
        return os_error("take the signals", "", error.code().value());
    } catch (const std::bad_alloc&) {
        return os_error("take the signals", "", ENOMEM);
    }
    signal_arrivals::ring_at_arrival(doorbell_.get());
    return {};
}

void PosixSignals::give_back() {
    std::shared_ptr<Reception> reception;
    {
        const std::lock_guard lock{mutex_};
        disown_what_the_parent_took();
        end_noting();
        reception = std::exchange(reception_, nullptr);
        if (reception == nullptr) return;
    }
    // Without the lock: a callback that runs now and itself gives the signals back would wait for the lock forever.
    reception->close(*loop_);
    const std::lock_guard lock{mutex_};
    is_taken_ = false;
}

Result<void> PosixSignals::install_handlers(std::span<const int> kept, std::span<const int> ending) {
    using signal_arrivals::Answer;
    if (!is_noting_) {
        signal_arrivals::forget_all();
        sigemptyset(&named_);
    }
    is_noting_ = true;
    signal_arrivals::own_by_this_process();
    const auto handle_all = [this](std::span<const int> numbers, Answer answer) -> Result<void> {
        for (const int number : numbers) {
            if (is_taken_by_program(number)) {
                sigdelset(&named_, number);
                continue;
            }
            if (!signal_arrivals::handle(number, answer)) return os_error(signal_action("take", number), "", errno);
            sigaddset(&named_, number);
        }
        return {};
    };
    auto installed = handle_all(kept, Answer::note);
    if (installed) installed = handle_all(ending, Answer::end);
    if (installed && !signal_arrivals::neutralize(SIGXFSZ))
        installed = os_error(signal_action("take", SIGXFSZ), "", errno);
    if (!installed) end_noting();
    return installed;
}

void PosixSignals::end_noting() {
    is_noting_ = false;
    signal_arrivals::restore();
    signal_arrivals::ring_at_arrival(-1);
    signal_arrivals::forget_all();
}

Result<void> PosixSignals::open_doorbell() {
    if (doorbell_process_ == getpid()) return {};
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return os_error("make an eventfd for signals", "", errno);
    close_in_children(descriptor);
    // In a forked child the parent's descriptor was closed, and another file may have its number by now.
    (void)doorbell_.release();
    doorbell_.reset(descriptor);
    doorbell_process_ = getpid();
    return {};
}

/// In a child of the process that took the signals, removes the handlers but keeps the parent's watch: destroying it
/// would remove it from the parent's epoll set, which the child shares.
void PosixSignals::disown_what_the_parent_took() {
    if (reception_ == nullptr || signal_arrivals::owner() == getpid()) return;
    end_noting();
    disowned_.push_back(std::exchange(reception_, nullptr));
    is_taken_ = false;
}

}  // namespace

Signals& posix_signals() {
    // Never destroyed, as handlers may run until the very end of the process.
    static auto* const signals = new PosixSignals;
    return *signals;
}

}  // namespace servicekit::os
