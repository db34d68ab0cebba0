#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <memory>

#include "os/descriptor.hpp"
#include "os/loop/doorbell.hpp"
#include "os/loop/loop_calls.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

/// The watches of one thread, and a doorbell that other threads ring to wake it.
class EpollSet {
public:
    /// \throws std::system_error
    EpollSet();

    /// The watch must not outlive the set. \throws std::system_error
    std::unique_ptr<Watch> watch(int descriptor);
    /// See EventLoop::watch_briefly().
    std::unique_ptr<Watch> watch_briefly(int descriptor);
    /// \returns true if it has no watch
    [[nodiscard]] bool is_empty() const noexcept { return watches_ == 0; }
    /// Ends the current wait, or the next one. From any thread.
    void wake() noexcept { ring(doorbell_.get()); }

    /// Waits until an awaited event occurs. \param timeout as for epoll_wait(2)
    /// \returns true if one has occurred
    bool wait(int timeout);
    /// Calls the callbacks for the events of the last wait(), for a bounded number of watches.
    void call_back(LoopCalls& calls);

private:
    class EpollWatch;

    void call_back(const epoll_event& event, LoopCalls& calls);
    void forget(const EpollWatch& watch) noexcept;

    Descriptor epoll_;
    Descriptor doorbell_;
    std::array<epoll_event, 128> events_{};
    std::size_t ready_count_ = 0;
    std::size_t watches_ = 0;
};

}  // namespace servicekit::os
