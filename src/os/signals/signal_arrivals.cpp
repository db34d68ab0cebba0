#include "os/signals/signal_arrivals.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "os/loop/doorbell.hpp"

namespace servicekit::os::signal_arrivals {
namespace {

/// One for each signal number, so that a flood of one signal does not hide another.
struct Arrival {
    std::atomic<bool> is_pending{false};
    std::atomic<std::uint64_t> sender{0};  ///< pid in the upper half, uid in the lower
    std::atomic<bool> ends_process{false};

    // A handler may interrupt any thread anywhere, so a lock could deadlock.
    static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);
};

/// The signal action before ours.
struct Disposition {
    bool is_replaced = false;
    struct sigaction before {};
};

constinit std::array<Arrival, _NSIG> arrivals;
constinit std::array<Disposition, _NSIG> dispositions;
constinit std::atomic<pid_t> owning_process{0};
constinit std::atomic<int> bell{-1};
constinit std::atomic<AbortReporter> abort_reporter{nullptr};

static_assert(std::atomic<AbortReporter>::is_always_lock_free);

Arrival& arrival_of(int number) noexcept { return arrivals[static_cast<std::size_t>(number)]; }
Disposition& disposition_of(int number) noexcept { return dispositions[static_cast<std::size_t>(number)]; }

bool is_sent_by_a_process(const siginfo_t& info) noexcept {
    return info.si_code == SI_USER || info.si_code == SI_QUEUE || info.si_code == SI_TKILL;
}

std::uint64_t pack_sender(const siginfo_t& info) noexcept {
    if (!is_sent_by_a_process(info)) return static_cast<std::uint32_t>(Peer{}.uid);
    return std::uint64_t{static_cast<std::uint32_t>(info.si_pid)} << 32 | std::uint32_t{info.si_uid};
}

Peer unpack_sender(std::uint64_t packed) {
    return {.pid = static_cast<pid_t>(packed >> 32), .uid = static_cast<uid_t>(packed & 0xffff'ffff)};
}

void take_default_action(int number) noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
    ::raise(number);
    sigset_t this_one;
    sigemptyset(&this_one);
    sigaddset(&this_one, number);
    ::pthread_sigmask(SIG_UNBLOCK, &this_one, nullptr);
}

// Async-signal-safe.
void note(int number, const siginfo_t& info) noexcept {
    Arrival& arrival = arrival_of(number);
    // A process may have more rights than a user at the terminal, so a typed signal does not
    // replace the sender of its signal.
    if (is_sent_by_a_process(info) || !arrival.is_pending.load()) arrival.sender.store(pack_sender(info));
    if (arrival.is_pending.exchange(true)) return;
    if (const int doorbell = bell.load(); doorbell >= 0) ring(doorbell);
}

extern "C" void servicekit_note_arrival(int number, siginfo_t* info, void* context) {
    const int errno_before = errno;
    const AbortReporter report = abort_reporter.load();
    if (::getpid() != owning_process.load()) {
        take_default_action(number);
    } else if (number == SIGABRT && is_from_inside(*info)) {
        if (report == nullptr || !report(number, info, context)) take_default_action(number);
    } else if (arrival_of(number).ends_process.load()) {
        take_default_action(number);
        constexpr int signal_status = 128;
        ::_exit(signal_status + number);
    } else {
        note(number, *info);
    }
    errno = errno_before;
}

extern "C" void servicekit_do_nothing(int /*number*/) {}

bool install(int number, const struct sigaction& action) noexcept {
    Disposition& disposition = disposition_of(number);
    struct sigaction current {};
    if (::sigaction(number, nullptr, &current) != 0) return false;
    if (is_ours(current)) return true;
    if (::sigaction(number, &action, nullptr) != 0) return false;
    disposition = {.is_replaced = true, .before = current};
    return true;
}

}  // namespace

bool is_from_inside(const siginfo_t& info) noexcept {
    return (info.si_code == SI_TKILL || info.si_code == SI_USER) && info.si_pid == ::getpid();
}

void report_aborts_by(AbortReporter reporter) noexcept { abort_reporter = reporter; }

void own_by_this_process() noexcept { owning_process = ::getpid(); }

pid_t owner() noexcept { return owning_process; }

bool handle(int number, Answer answer) noexcept {
    struct sigaction action {};
    action.sa_sigaction = servicekit_note_arrival;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (!install(number, action)) return false;
    arrival_of(number).ends_process = answer == Answer::end;
    return true;
}

bool neutralize(int number) noexcept {
    struct sigaction current {};
    if (::sigaction(number, nullptr, &current) != 0) return false;
    if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) return true;
    struct sigaction action {};
    action.sa_handler = servicekit_do_nothing;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    return install(number, action);
}

void restore() noexcept {
    for (int number = 1; number < _NSIG; ++number) {
        Disposition& disposition = disposition_of(number);
        if (!disposition.is_replaced) continue;
        disposition.is_replaced = false;
        struct sigaction current {};
        if (::sigaction(number, nullptr, &current) == 0 && is_ours(current))
            ::sigaction(number, &disposition.before, nullptr);
    }
}

bool is_ours(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 ? action.sa_sigaction == servicekit_note_arrival
                                               : action.sa_handler == servicekit_do_nothing;
}

struct sigaction before(int number) noexcept {
    return disposition_of(number).before;
}

std::optional<Peer> noted(int number) noexcept {
    const Arrival& arrival = arrival_of(number);
    if (!arrival.is_pending.load()) return std::nullopt;
    return unpack_sender(arrival.sender.load());
}

std::optional<Peer> take(int number) noexcept {
    Arrival& arrival = arrival_of(number);
    if (!arrival.is_pending.exchange(false)) return std::nullopt;
    return unpack_sender(arrival.sender.load());
}

void forget_all() noexcept {
    for (Arrival& arrival : arrivals) arrival.is_pending = false;
}

void ring_at_arrival(int doorbell) noexcept {
    bell = doorbell;
    const bool is_late =
        std::any_of(arrivals.begin(), arrivals.end(), [](const Arrival& arrival) { return arrival.is_pending.load(); });
    if (doorbell >= 0 && is_late) ring(doorbell);
}

}  // namespace servicekit::os::signal_arrivals
