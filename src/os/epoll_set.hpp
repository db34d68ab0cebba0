#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "os/descriptor.hpp"
#include "os/loop_calls.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

/// Watches that one thread waits for.
class EpollSet {
public:
    /// \throws std::system_error
    EpollSet();
    ~EpollSet();
    EpollSet(const EpollSet&) = delete;
    EpollSet& operator=(const EpollSet&) = delete;

    /// An eventfd(2) that ends wait() whenever it is written to. Nobody reads it. \throws std::system_error
    void wake_by(int doorbell);
    /// Valid no longer than the set. \throws std::system_error
    std::unique_ptr<Watch> watch(int descriptor);

    /// Waits until something is ready that is awaited. \param timeout as epoll_wait(2) takes it
    void wait(int timeout);
    /// Calls back for what the last wait() found, a bounded number of watches.
    void call_back(LoopCalls& calls);
    /// How many watches the last wait() found ready.
    [[nodiscard]] std::size_t ready() const noexcept { return ready_count_; }

private:
    struct Member {
        int descriptor = -1;
        std::uint32_t events = 0;  ///< as the kernel has them
        bool is_known = true;      ///< to the kernel
        std::function<void()> when_readable = {};
        std::function<void()> when_writable = {};
        std::unique_ptr<Member> removed_before = {};
    };
    class EpollWatch;

    void tell_kernel(Member& member, std::uint32_t events);
    void call_back(Member& member, std::uint32_t happened, LoopCalls& calls);
    void fall_quiet(Member& member, std::uint32_t events) noexcept;
    void remove(std::unique_ptr<Member> member) noexcept;
    void forget_removed() noexcept;

    Descriptor epoll_;
    std::array<epoll_event, 128> events_{};
    std::size_t ready_count_ = 0;
    bool is_calling_back_ = false;
    /// Removed between a wait and the end of its calls, which may name them.
    std::unique_ptr<Member> removed_;
};

}  // namespace servicekit::os
