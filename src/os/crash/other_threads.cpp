#include "os/crash/other_threads.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>

#include "base/parse_number.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

/// A signal that faults raise, since threads that block all other signals leave such signals unblocked.
constexpr int question = SIGSYS;

void rest_a_little() noexcept {
    constexpr timespec a_millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::nanosleep(&a_millisecond, nullptr);
}

std::chrono::nanoseconds now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// The entries that getdents64(2) returns. readdir(3) would take a lock and memory.
struct DirectoryEntry {
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[1];
};

/// The action of the signal before ask().
constinit struct sigaction meant_before {};

}  // namespace

void OtherThreads::ask(std::chrono::milliseconds at_most) noexcept {
    list();
    struct sigaction current {};
    struct sigaction action {};
    action.sa_sigaction = &OtherThreads::answer;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (::sigaction(question, nullptr, &current) != 0) return;
    const bool is_ours = (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == action.sa_sigaction;
    if (!is_ours) meant_before = current;
    if (::sigaction(question, &action, nullptr) != 0) return;

    const pid_t process = ::getpid();
    for (std::size_t i = 0; i < count_; ++i) {
        siginfo_t info{};
        info.si_signo = question;
        info.si_code = SI_QUEUE;
        info.si_pid = process;
        info.si_uid = ::getuid();
        info.si_value.sival_ptr = &threads_[i];
        // A thread that has ended by now does not answer.
        ::syscall(SYS_rt_tgsigqueueinfo, process, threads_[i].id, question, &info);
    }
    const auto deadline = now() + at_most;
    while (!have_answered() && now() < deadline) rest_a_little();
    // While a thread has yet to answer, the former action must not get the question.
    if (have_answered()) ::sigaction(question, &meant_before, nullptr);
}

void OtherThreads::list() noexcept {
    count_ = 0;
    left_out_ = 0;
    const auto self = static_cast<pid_t>(::syscall(SYS_gettid));
    const int directory = open_uninterrupted("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    alignas(DirectoryEntry) std::array<char, 2048> buffer;
    for (;;) {
        const long size = ::syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
        if (size <= 0) break;
        for (long at = 0; at < size;) {
            const auto* const entry = reinterpret_cast<const DirectoryEntry*>(buffer.data() + at);
            at += entry->length;
            const pid_t id = parse_number<pid_t>(entry->name).value_or(0);
            if (id == 0 || id == self) continue;
            if (count_ == threads_.size()) {
                ++left_out_;
                continue;
            }
            threads_[count_].id = id;
            threads_[count_].has_answered.store(false);
            ++count_;
        }
    }
    ::close(directory);
}

bool OtherThreads::have_answered() const noexcept {
    for (const Thread& thread : *this)
        if (!thread.has_answered.load(std::memory_order_acquire)) return false;
    return true;
}

void OtherThreads::answer(int number, siginfo_t* info, void* context) noexcept {
    const int errno_before = errno;
    if (info->si_code == SI_QUEUE && info->si_pid == ::getpid() && info->si_value.sival_ptr != nullptr) {
        auto& thread = *static_cast<Thread*>(info->si_value.sival_ptr);
        take_stack(context, thread.stack);
        thread.has_answered.store(true, std::memory_order_release);
    } else {
        pass_on(number, info, context);
    }
    errno = errno_before;
}

// The signal is not a question. If the program goes on after a crash, there may be more of them.
void OtherThreads::pass_on(int number, siginfo_t* info, void* context) noexcept {
    const struct sigaction before = meant_before;
    if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(number, info, context);
    if (before.sa_handler == SIG_IGN && info->si_code <= 0) return;
    if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(number);
    // The signal arrives again when this returns, with its default action.
    struct sigaction by_default {};
    by_default.sa_handler = SIG_DFL;
    ::sigaction(number, &by_default, nullptr);
    siginfo_t again = *info;
    ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::syscall(SYS_gettid), number, &again);
}

}  // namespace servicekit::os
