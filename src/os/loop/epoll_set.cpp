#include "os/loop/epoll_set.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <functional>
#include <span>
#include <system_error>
#include <utility>

namespace servicekit::os {
namespace {

/// The events of a descriptor that no callback awaits. The kernel still reports a hang-up, but only once.
constexpr std::uint32_t nothing = EPOLLET;
/// The events of a descriptor that the kernel does not watch.
constexpr std::uint32_t unknown = 0;
constexpr std::uint32_t both = EPOLLIN | EPOLLOUT;
/// The first event of a brief watch, which the kernel reports once. After that it is spent: the kernel still knows the
/// descriptor until it is closed, but reports nothing, not even while a child of fork(2) has a copy of it. So no call
/// has to end the watch.
constexpr std::uint32_t first = EPOLLIN | EPOLLONESHOT;
constexpr std::uint32_t spent = EPOLLONESHOT;

[[noreturn]] void refuse(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

/// Destroys the callback after the call. \returns false if there was none
bool call(std::function<void()>& callback, LoopCalls& calls) {
    const auto taken = std::exchange(callback, nullptr);
    if (taken) calls.call(taken);
    return taken != nullptr;
}

}  // namespace

class EpollSet::EpollWatch final : public Watch {
public:
    /// \param events nearly every watch awaits EPOLLIN first
    EpollWatch(EpollSet& set, int descriptor, std::uint32_t events) : set_{set}, descriptor_{descriptor} {
        tell_kernel(events);
        ++set_.watches_;
    }
    ~EpollWatch() override {
        --set_.watches_;
        if (told_ != spent) static_cast<void>(ask_kernel(unknown));
        set_.forget(*this);
    }
    EpollWatch(const EpollWatch&) = delete;
    EpollWatch& operator=(const EpollWatch&) = delete;

    [[gnu::hot]] void await_readable(std::function<void()> callback) override {
        if (told_ != first) tell_kernel((told_ & both) | EPOLLIN);
        when_readable_ = std::move(callback);
    }
    void await_writable(std::function<void()> callback) override {
        tell_kernel((told_ & both) | EPOLLOUT);
        when_writable_ = std::move(callback);
    }
    void cancel() override {
        when_readable_ = nullptr;
        when_writable_ = nullptr;
    }

    /// \param direction EPOLLIN or EPOLLOUT
    [[nodiscard]] std::function<void()>& callback(std::uint32_t direction) noexcept {
        return direction == EPOLLIN ? when_readable_ : when_writable_;
    }
    /// Notes that the kernel has reported an event.
    void note_event() noexcept {
        if (told_ == first) told_ = spent;
    }
    /// Stops awaiting events. \param directions those that are ready without a callback
    void fall_quiet(std::uint32_t directions) noexcept {
        if (told_ == spent) return;
        const std::uint32_t rest = told_ & ~directions;
        if (ask_kernel(rest != 0 ? rest : nothing)) return;
        // Otherwise it would be reported as ready again and again. The next await adds it again.
        static_cast<void>(ask_kernel(unknown));
    }

private:
    void tell_kernel(std::uint32_t events) {
        if (!ask_kernel(events)) refuse("cannot watch a descriptor");
    }
    /// \returns false with errno
    [[nodiscard]] bool ask_kernel(std::uint32_t events) noexcept {
        if (events == told_) return true;
        epoll_event event{.events = events, .data = {.ptr = this}};
        const int operation = told_ == unknown ? EPOLL_CTL_ADD : events == unknown ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        if (epoll_ctl(set_.epoll_.get(), operation, descriptor_, &event) != 0) return false;
        told_ = events;
        return true;
    }

    EpollSet& set_;
    const int descriptor_;
    std::uint32_t told_ = unknown;
    std::function<void()> when_readable_;
    std::function<void()> when_writable_;
};

EpollSet::EpollSet() : epoll_{epoll_create1(EPOLL_CLOEXEC)}, doorbell_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    // Edge-triggered: ready once for each write, so it need not be read.
    epoll_event rings{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    if (!epoll_ || !doorbell_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, doorbell_.get(), &rings) != 0)
        refuse("cannot make an epoll set");
}

std::unique_ptr<Watch> EpollSet::watch(int descriptor) {
    return std::make_unique<EpollWatch>(*this, descriptor, EPOLLIN);
}

std::unique_ptr<Watch> EpollSet::watch_briefly(int descriptor) {
    return std::make_unique<EpollWatch>(*this, descriptor, first);
}

[[gnu::hot]] bool EpollSet::wait(int timeout) {
    const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
    ready_count_ = static_cast<std::size_t>(std::max(count, 0));
    if (count >= 0 || errno == EINTR) return count > 0;
    // No known cause makes epoll_wait(2) fail. If it does, the pause keeps the thread from using up a processor.
    constexpr timespec a_little{.tv_sec = 0, .tv_nsec = 10'000'000};
    nanosleep(&a_little, nullptr);
    return false;
}

[[gnu::hot]] void EpollSet::call_back(LoopCalls& calls) {
    for (const epoll_event& event : std::span{events_}.first(ready_count_))
        if (event.data.ptr != nullptr) call_back(event, calls);
    ready_count_ = 0;
}

// After a callback the kernel still awaits the same events, since most callbacks await them again: that saves a system
// call each time. An event is removed only if no callback awaited it when it occurred.
[[gnu::hot]] void EpollSet::call_back(const epoll_event& event, LoopCalls& calls) {
    auto& watch = *static_cast<EpollWatch*>(event.data.ptr);
    watch.note_event();
    const bool has_failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    std::uint32_t unwanted = 0;
    for (const std::uint32_t direction : {EPOLLIN, EPOLLOUT}) {
        if (!has_failed && (event.events & direction) == 0) continue;
        if (!call(watch.callback(direction), calls)) unwanted |= direction;
        if (event.data.ptr == nullptr) return;  // the callback has destroyed the watch
    }
    // The callbacks may have awaited events.
    for (const std::uint32_t direction : {EPOLLIN, EPOLLOUT})
        if (watch.callback(direction)) unwanted &= ~direction;
    if (unwanted != 0) watch.fall_quiet(unwanted);
}

void EpollSet::forget(const EpollWatch& watch) noexcept {
    for (epoll_event& event : std::span{events_}.first(ready_count_))
        if (event.data.ptr == &watch) event.data.ptr = nullptr;
}

}  // namespace servicekit::os
