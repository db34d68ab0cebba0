#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "os/descriptor.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

/// Watches that are all awaited through one descriptor, by one thread.
class EpollSet {
public:
    /// \throws std::system_error
    EpollSet();

    /// Readable while something is ready that is awaited.
    [[nodiscard]] int descriptor() const noexcept { return epoll_.get(); }

    /// Valid no longer than the set. \throws std::system_error
    std::unique_ptr<Watch> watch(int descriptor);

    /// Calls back for what is ready now, a bounded number of watches, and never waits.
    void call_back();

private:
    struct Member {
        int descriptor = -1;
        std::uint32_t events = 0;  ///< as the kernel has them
        std::function<void()> when_readable = {};
        std::function<void()> when_writable = {};
    };
    class EpollWatch;

    void tell_kernel(Member& member, std::uint32_t events);
    void call_back(Member& member, std::uint32_t happened);
    void remove(std::unique_ptr<Member> member) noexcept;

    Descriptor epoll_;
    bool is_calling_back_ = false;
    /// Removed while calling back: the kernel's list of what is ready may still name them.
    std::vector<std::unique_ptr<Member>> removed_;
};

}  // namespace servicekit::os
