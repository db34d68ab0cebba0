#include "os/epoll_set.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

namespace servicekit::os {
namespace {

/// Of a descriptor that nobody awaits. A hang-up is told even then, but not again and again.
constexpr std::uint32_t nothing = EPOLLET;

void control(const Descriptor& epoll, int operation, int descriptor, epoll_event event) {
    if (epoll_ctl(epoll.get(), operation, descriptor, &event) != 0)
        throw std::system_error{errno, std::generic_category(), "cannot watch a descriptor"};
}

/// \returns whether there was one.
bool call(std::function<void()>& callback) {
    const auto taken = std::exchange(callback, nullptr);
    if (!taken) return false;
    taken();
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
        member_->when_readable = std::move(callback);
        set_.tell_kernel(*member_, (member_->events & ~nothing) | EPOLLIN);
    }
    void await_writable(std::function<void()> callback) override {
        member_->when_writable = std::move(callback);
        set_.tell_kernel(*member_, (member_->events & ~nothing) | EPOLLOUT);
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

std::unique_ptr<Watch> EpollSet::watch(int descriptor) {
    auto member = std::make_unique<Member>(Member{.descriptor = descriptor, .events = EPOLLIN});
    // What nearly every watch asks for first.
    control(epoll_, EPOLL_CTL_ADD, descriptor, {.events = EPOLLIN, .data = {.ptr = member.get()}});
    return std::make_unique<EpollWatch>(*this, std::move(member));
}

void EpollSet::call_back() {
    std::array<epoll_event, 128> ready;
    const int count = epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
    if (count <= 0) return;
    is_calling_back_ = true;
    for (const epoll_event& event : std::span{ready}.first(static_cast<std::size_t>(count)))
        call_back(*static_cast<Member*>(event.data.ptr), event.events);
    is_calling_back_ = false;
    removed_.clear();
}

// The kernel goes on awaiting what it was told, since whoever received something most often awaits more: that saves
// a system call each time. Only what nobody awaited when it happened is taken back.
void EpollSet::call_back(Member& member, std::uint32_t happened) {
    const bool has_failed = (happened & (EPOLLERR | EPOLLHUP)) != 0;
    std::uint32_t unwanted = 0;
    if ((has_failed || (happened & EPOLLIN) != 0) && !call(member.when_readable)) unwanted |= EPOLLIN;
    if ((has_failed || (happened & EPOLLOUT) != 0) && !call(member.when_writable)) unwanted |= EPOLLOUT;
    // What was called may have awaited something, or have destroyed the watch.
    if (member.when_readable) unwanted &= ~std::uint32_t{EPOLLIN};
    if (member.when_writable) unwanted &= ~std::uint32_t{EPOLLOUT};
    if (unwanted == 0 || member.descriptor < 0) return;
    const std::uint32_t wanted = member.events & ~unwanted;
    tell_kernel(member, wanted != 0 ? wanted : nothing);
}

void EpollSet::tell_kernel(Member& member, std::uint32_t events) {
    if (events == member.events) return;
    control(epoll_, EPOLL_CTL_MOD, member.descriptor, {.events = events, .data = {.ptr = &member}});
    member.events = events;
}

void EpollSet::remove(std::unique_ptr<Member> member) noexcept {
    epoll_event ignored{};
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, member->descriptor, &ignored);
    *member = {};
    if (is_calling_back_) removed_.push_back(std::move(member));
}

}  // namespace servicekit::os
