#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/crash_handler.hpp"
#include "os/descriptor.hpp"
#include "os/fork_guard.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit::os {
namespace {

/// What came and was not delivered yet. One place for each number, so that no flood of one signal hides another.
struct Arrival {
    std::atomic<bool> is_pending{false};
    std::atomic<std::uint64_t> sender{0};  ///< pid in the upper half, uid in the lower

    // A handler may interrupt any thread anywhere: a lock would be a deadlock.
    static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);
};

constinit std::array<Arrival, _NSIG> arrivals;
constinit std::atomic<pid_t> owning_process{0};
constinit std::atomic<int> doorbell{-1};  ///< an eventfd(2): readable when something is pending

bool is_sent_by_a_process(const siginfo_t& info) {
    return info.si_code == SI_USER || info.si_code == SI_QUEUE || info.si_code == SI_TKILL;
}

std::uint64_t pack_sender(const siginfo_t& info) {
    if (!is_sent_by_a_process(info)) return static_cast<std::uint32_t>(Peer{}.uid);
    return std::uint64_t{static_cast<std::uint32_t>(info.si_pid)} << 32 | std::uint32_t{info.si_uid};
}

Peer unpack_sender(std::uint64_t packed) {
    return {.pid = static_cast<pid_t>(packed >> 32), .uid = static_cast<uid_t>(packed & 0xffff'ffff)};
}

void take_default_action(int number) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, nullptr);
    raise(number);
    sigset_t this_one;
    sigemptyset(&this_one);
    sigaddset(&this_one, number);
    pthread_sigmask(SIG_UNBLOCK, &this_one, nullptr);
}

// From here on only what signal-safety(7) allows.
extern "C" void servicekit_note_arrival(int number, siginfo_t* info, void* context) {
    const int errno_before = errno;
    const bool is_forked_child = getpid() != owning_process.load();
    const bool is_from_abort = number == SIGABRT && crash_handler::is_from_inside(*info);
    if (is_forked_child || (is_from_abort && !crash_handler::report(number, info, context))) {
        take_default_action(number);
    } else if (!is_from_abort) {
        Arrival& arrival = arrivals[static_cast<std::size_t>(number)];
        arrival.sender.store(pack_sender(*info));
        if (!arrival.is_pending.exchange(true)) {
            constexpr std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = write(doorbell.load(), &one, sizeof one);
        }
    }
    errno = errno_before;
}

extern "C" void servicekit_do_nothing(int /*number*/) {}

/// The loop's side of one take().
class Reception : public std::enable_shared_from_this<Reception> {
public:
    explicit Reception(std::function<void(const ReceivedSignal&)> callback) : callback_{std::move(callback)} {}

    /// By the loop's thread.
    void open(EventLoop& loop, int descriptor) {
        const std::lock_guard lock{mutex_};
        if (is_closed_) return;
        descriptor_ = descriptor;
        watch_ = loop.watch(descriptor);
        await();
    }
    /// From any thread. The callback is not called any more when this returns, save that which calls this.
    void close(EventLoop& loop) {
        const std::lock_guard lock{mutex_};
        is_closed_ = true;
        // Watches belong to the loop's thread. Where the loop has ended, its calls are destroyed with it.
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
        std::uint64_t rings = 0;
        [[maybe_unused]] const ssize_t count = read(descriptor_, &rings, sizeof rings);
        for (std::size_t number = 1; number < arrivals.size() && !is_closed_; ++number)
            if (Arrival& arrival = arrivals[number]; arrival.is_pending.exchange(false))
                callback_({.number = static_cast<int>(number), .sender = unpack_sender(arrival.sender.load())});
        if (!is_closed_) await();
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

/// What exec(2) handed on: how signals were before the program could choose anything itself.
struct InheritedSignals {
    InheritedSignals() noexcept {
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        sigemptyset(&ignored);
        for (int number = 1; number < NSIG; ++number)
            if (is_ignored(number)) sigaddset(&ignored, number);
    }

    sigset_t blocked = {};
    sigset_t ignored = {};
};

const InheritedSignals inherited;

class PosixSignals final : public Signals {
public:
    Result<void> hold(std::span<const int> numbers) override;
    void let_go() override;
    void forget_caller() override;
    Result<void> take(std::span<const int> numbers, EventLoop& loop,
                      std::function<void(const ReceivedSignal&)> callback) override;
    void give_back() override;

private:
    struct Disposition {
        int number = 0;
        struct sigaction before {};
    };

    Result<void> install_handlers(std::span<const int> numbers);
    bool install(int number, const struct sigaction& action);
    void restore_dispositions();
    Result<void> open_doorbell();
    void disown_what_the_parent_took();

    static sigset_t& held_in_this_thread();

    std::mutex mutex_;
    bool is_taken_ = false;
    std::vector<Disposition> dispositions_;
    EventLoop* loop_ = nullptr;
    std::shared_ptr<Reception> reception_;
    std::vector<std::shared_ptr<Reception>> disowned_;
    /// Stays open for good: a handler that runs in another thread may outlast give_back().
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

Result<void> PosixSignals::hold(std::span<const int> numbers) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : numbers)
        if (sigaddset(&wanted, number) != 0) return os_error(signal_action("hold", number), "", errno);
    if (const int error = pthread_sigmask(SIG_BLOCK, &wanted, nullptr); error != 0)
        return os_error("hold signals", "", error);
    for (const int number : numbers) sigaddset(&held_in_this_thread(), number);
    return {};
}

void PosixSignals::let_go() {
    sigset_t& held = held_in_this_thread();
    pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
    sigemptyset(&held);
}

void PosixSignals::forget_caller() {
    // First, so that none that waits for its turn meets what the caller had it do.
    sigset_t freed = inherited.blocked;
    for (int number = 1; number < NSIG; ++number) {
        if (sigismember(&inherited.ignored, number) == 1 && is_ignored(number)) ::signal(number, SIG_DFL);
        if (sigismember(&held_in_this_thread(), number) == 1) sigdelset(&freed, number);
    }
    pthread_sigmask(SIG_UNBLOCK, &freed, nullptr);
}

Result<void> PosixSignals::take(std::span<const int> numbers, EventLoop& loop,
                                std::function<void(const ReceivedSignal&)> callback) {
    const std::lock_guard lock{mutex_};
    disown_what_the_parent_took();
    if (is_taken_) return Error{ExitCode::os, "take the signals", "", "another service in this process has them"};
    if (auto opened = open_doorbell(); !opened) return opened;
    for (Arrival& arrival : arrivals) arrival.is_pending = false;
    owning_process = getpid();
    if (auto installed = install_handlers(numbers); !installed) {
        restore_dispositions();
        return installed;
    }
    is_taken_ = true;
    loop_ = &loop;
    reception_ = std::make_shared<Reception>(std::move(callback));
    loop.post([reception = reception_, &loop, descriptor = doorbell_.get()] { reception->open(loop, descriptor); });
    return {};
}

void PosixSignals::give_back() {
    std::shared_ptr<Reception> reception;
    {
        const std::lock_guard lock{mutex_};
        disown_what_the_parent_took();
        reception = std::exchange(reception_, nullptr);
        if (reception == nullptr) return;
        restore_dispositions();
    }
    // Without the lock, as a callback that runs now and gives the signals back itself would wait for it for ever.
    reception->close(*loop_);
    const std::lock_guard lock{mutex_};
    is_taken_ = false;
}

Result<void> PosixSignals::install_handlers(std::span<const int> numbers) {
    struct sigaction note {};
    note.sa_sigaction = servicekit_note_arrival;
    note.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&note.sa_mask);
    for (const int number : numbers)
        if (!install(number, note)) return os_error(signal_action("take", number), "", errno);

    struct sigaction current {};
    sigaction(SIGPIPE, nullptr, &current);
    if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) return {};
    struct sigaction nothing {};
    nothing.sa_handler = servicekit_do_nothing;
    nothing.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&nothing.sa_mask);
    if (!install(SIGPIPE, nothing)) return os_error(signal_action("take", SIGPIPE), "", errno);
    return {};
}

bool PosixSignals::install(int number, const struct sigaction& action) {
    Disposition disposition{.number = number};
    if (sigaction(number, &action, &disposition.before) != 0) return false;
    dispositions_.push_back(disposition);
    return true;
}

void PosixSignals::restore_dispositions() {
    // Backwards, so that a number that was named twice gets its first disposition.
    std::for_each(dispositions_.rbegin(), dispositions_.rend(), [](const Disposition& disposition) {
        struct sigaction current {};
        sigaction(disposition.number, nullptr, &current);
        // What the program has put in our place since then stays.
        const bool is_ours = (current.sa_flags & SA_SIGINFO) != 0 ? current.sa_sigaction == servicekit_note_arrival
                                                                  : current.sa_handler == servicekit_do_nothing;
        if (is_ours) sigaction(disposition.number, &disposition.before, nullptr);
    });
    dispositions_.clear();
}

Result<void> PosixSignals::open_doorbell() {
    if (doorbell_process_ == getpid()) return {};
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return os_error("make an eventfd for signals", "", errno);
    close_in_children(descriptor);
    // In a forked child the parent's was closed, and its number may be another file's by now.
    (void)doorbell_.release();
    doorbell_.reset(descriptor);
    doorbell_process_ = getpid();
    doorbell = descriptor;
    return {};
}

/// In a child of the process that took the signals: the handlers go, but the parent's watch must not be destroyed,
/// as that would end it in the parent's own epoll set, which the child shares.
void PosixSignals::disown_what_the_parent_took() {
    if (reception_ == nullptr || owning_process == getpid()) return;
    restore_dispositions();
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
