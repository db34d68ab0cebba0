#include "lisp/ecl/lisp_thread.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "lisp/ecl/ecl.hpp"

namespace servicekit::lisp {
namespace {

/// Virtual memory, which costs nothing until it is used.
constexpr std::size_t smallest_stack = std::size_t{128} << 20U;

/// Without the signals that faults raise, and those that ECL and its collector use to stop and interrupt threads
/// (SIGPWR, SIGXCPU, SIGRTMIN+2).
constexpr std::array service_signals{SIGTERM, SIGHUP,  SIGINT,  SIGABRT, SIGQUIT, SIGCHLD,
                                     SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

/// ECL assumes that a thread's stack has the size of RLIMIT_STACK.
std::size_t stack_size() {
    rlimit limit{};
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return smallest_stack;
    return std::max(smallest_stack, 2 * static_cast<std::size_t>(limit.rlim_cur));
}

sigset_t blocked_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : service_signals) sigaddset(&set, number);
    return set;
}

struct Beginning {
    std::string name;
    std::function<void()> body;
};

void* begin(void* argument) {
    const std::unique_ptr<Beginning> beginning{static_cast<Beginning*>(argument)};
    pthread_setname_np(pthread_self(), beginning->name.c_str());
    beginning->body();
    return nullptr;
}

// Runs in the child of a fork(2), which has only the thread that called it.
extern "C" void servicekit_unblock_in_child() {
    if (ecl_process_env_unsafe() == nullptr) return;
    const sigset_t set = blocked_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

Result<void> LispThread::start(const char* name, std::function<void()> body) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int fault = pthread_attr_setstacksize(&attributes, stack_size());
    // The thread and those that it starts inherit the mask.
    const sigset_t blocked = blocked_signals();
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    auto beginning = std::make_unique<Beginning>(Beginning{name, std::move(body)});
    if (fault == 0) fault = pthread_create(&thread_, &attributes, &begin, beginning.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (fault != 0) return os_error("start the thread", name, fault);
    static_cast<void>(beginning.release());
    started_ = true;
    return {};
}

bool LispThread::join(std::chrono::milliseconds at_most) noexcept {
    if (!started_) return true;
    timespec until{};
    clock_gettime(CLOCK_MONOTONIC, &until);
    const auto nanoseconds = until.tv_nsec + at_most.count() % 1000 * 1'000'000;
    until.tv_sec += at_most.count() / 1000 + nanoseconds / 1'000'000'000;
    until.tv_nsec = nanoseconds % 1'000'000'000;
    if (pthread_clockjoin_np(thread_, nullptr, CLOCK_MONOTONIC, &until) != 0) return false;
    started_ = false;
    return true;
}

LispThread::~LispThread() {
    if (started_) pthread_detach(thread_);
}

Result<void> clear_masks_of_children() {
    static const int fault = pthread_atfork(nullptr, nullptr, &servicekit_unblock_in_child);
    if (fault != 0) return os_error("prepare for the children of", "Lisp", fault);
    return {};
}

}  // namespace servicekit::lisp
