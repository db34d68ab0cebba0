#include "os/epoll_set.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <span>
#include <system_error>
#include <utility>

namespace servicekit::os {
namespace {

/// Of a descriptor that nobody awaits. The kernel tells of a hang-up even then, but not again and again.
constexpr std::uint32_t nothing = EPOLLET;

int control(const Descriptor& epoll, int operation, int descriptor, epoll_event event) noexcept {
    return epoll_ctl(epoll.get(), operation, descriptor, &event) == 0 ? 0 : errno;
}

[[noreturn]] void refuse(int errno_value) {
    throw std::system_error{errno_value, std::generic_category(), "cannot watch a descriptor"};
}

/// \returns whether there was one.
bool call(std::function<void()>& callback, LoopCalls& calls) {
    const auto taken = std::exchange(callback, nullptr);
    if (!taken) return false;
    calls.call(taken);
    return true;
}

}  // namespace

class EpollSet::EpollWatch final : public Watch {
public:
    EpollWatch(EpollSet& set, std::unique_ptr<Member> member) : set_{set}, member_{std::move(member)} {}
    ~EpollWatch() override { set_.remove(std::move(member_)); }
    EpollWatch(const EpollWatch&) = delete;
    EpollWatch& operator=(const EpollWatch&) = delete;

    void await_readable(std::function<void()> callback) override {
        set_.tell_kernel(*member_, (member_->events & ~nothing) | EPOLLIN);
        member_->when_readable = std::move(callback);
    }
    void await_writable(std::function<void()> callback) override {
        set_.tell_kernel(*member_, (member_->events & ~nothing) | EPOLLOUT);
        member_->when_writable = std::move(callback);
    }
    void cancel() override {
        member_->when_readable = nullptr;
        member_->when_writable = nullptr;
    }

private:
    EpollSet& set_;
    std::unique_ptr<Member> member_;
};

EpollSet::EpollSet() : epoll_{epoll_create1(EPOLL_CLOEXEC)} {
    if (!epoll_) throw std::system_error{errno, std::generic_category(), "cannot make an epoll set"};
}

EpollSet::~EpollSet() { forget_removed(); }

void EpollSet::wake_by(int doorbell) {
    // Once for each write, so that it need not be read.
    if (const int fault = control(epoll_, EPOLL_CTL_ADD, doorbell, {.events = EPOLLIN | EPOLLET, .data = {}}))
        refuse(fault);
}

std::unique_ptr<Watch> EpollSet::watch(int descriptor) {
    auto member = std::make_unique<Member>();
    member->descriptor = descriptor;
    member->events = EPOLLIN;  // what nearly every watch asks for first
    Member* const known = member.get();
    auto watch = std::make_unique<EpollWatch>(*this, std::move(member));
    if (const int fault =
            control(epoll_, EPOLL_CTL_ADD, descriptor, {.events = known->events, .data = {.ptr = known}})) {
        known->is_known = false;
        refuse(fault);
    }
    return watch;
}

void EpollSet::wait(int timeout) {
    const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
    ready_count_ = static_cast<std::size_t>(std::max(count, 0));
    if (count >= 0 || errno == EINTR) return;
    // Nothing that is known makes it fail. Should it, the thread does not take a processor for it.
    constexpr timespec a_little{.tv_sec = 0, .tv_nsec = 10'000'000};
    nanosleep(&a_little, nullptr);
}

void EpollSet::call_back(LoopCalls& calls) {
    is_calling_back_ = true;
    for (const epoll_event& event : std::span{events_}.first(std::exchange(ready_count_, 0)))
        if (event.data.ptr != nullptr) call_back(*static_cast<Member*>(event.data.ptr), event.events, calls);
    is_calling_back_ = false;
    forget_removed();
}

// The kernel goes on awaiting what it was told, since whoever received something most often awaits more: that saves
// a system call each time. Only what nobody awaited when it happened is taken back.
void EpollSet::call_back(Member& member, std::uint32_t happened, LoopCalls& calls) {
    const bool has_failed = (happened & (EPOLLERR | EPOLLHUP)) != 0;
    std::uint32_t unwanted = 0;
    if ((has_failed || (happened & EPOLLIN) != 0) && !call(member.when_readable, calls)) unwanted |= EPOLLIN;
    if ((has_failed || (happened & EPOLLOUT) != 0) && !call(member.when_writable, calls)) unwanted |= EPOLLOUT;
    // What was called may have awaited something, or have destroyed the watch.
    if (member.when_readable) unwanted &= ~std::uint32_t{EPOLLIN};
    if (member.when_writable) unwanted &= ~std::uint32_t{EPOLLOUT};
    if (unwanted == 0 || member.descriptor < 0) return;
    const std::uint32_t wanted = member.events & ~unwanted;
    fall_quiet(member, wanted != 0 ? wanted : nothing);
}

void EpollSet::tell_kernel(Member& member, std::uint32_t events) {
    if (member.is_known && events == member.events) return;
    const int operation = member.is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (const int fault = control(epoll_, operation, member.descriptor, {.events = events, .data = {.ptr = &member}}))
        refuse(fault);
    member.is_known = true;
    member.events = events;
}

void EpollSet::fall_quiet(Member& member, std::uint32_t events) noexcept {
    if (events == member.events) return;
    if (control(epoll_, EPOLL_CTL_MOD, member.descriptor, {.events = events, .data = {.ptr = &member}}) == 0) {
        member.events = events;
        return;
    }
    // Else what nobody awaits would be ready again and again. What is awaited next adds it once more.
    member.is_known = control(epoll_, EPOLL_CTL_DEL, member.descriptor, {}) != 0;
}

void EpollSet::remove(std::unique_ptr<Member> member) noexcept {
    if (member->is_known) static_cast<void>(control(epoll_, EPOLL_CTL_DEL, member->descriptor, {}));
    // What it owned may be the owner of other watches.
    const auto readable = std::exchange(member->when_readable, nullptr);
    const auto writable = std::exchange(member->when_writable, nullptr);
    member->descriptor = -1;
    if (!is_calling_back_ && ready_count_ == 0) return;
    member->removed_before = std::exchange(removed_, nullptr);
    removed_ = std::move(member);
}

// One by one: a chain that destroys itself would take stack for each.
void EpollSet::forget_removed() noexcept {
    while (removed_) removed_ = std::exchange(removed_->removed_before, nullptr);
}

}  // namespace servicekit::os
