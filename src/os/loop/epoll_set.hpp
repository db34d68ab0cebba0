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

/// Watches that one thread waits for, and a doorbell by which others wake it.
class EpollSet {
public:
    /// \throws std::system_error
    EpollSet();

    /// Valid no longer than the set. \throws std::system_error
    std::unique_ptr<Watch> watch(int descriptor);
    /// Ends the wait that goes on, or the next one. From any thread.
    void wake() noexcept { ring(doorbell_.get()); }

    /// Waits until something is ready that is awaited. \param timeout as epoll_wait(2) takes it
    /// \returns whether something is
    bool wait(int timeout);
    /// Calls back for what the last wait() found, a bounded number of watches.
    void call_back(LoopCalls& calls);

private:
    class EpollWatch;

    void call_back(const epoll_event& event, LoopCalls& calls);
    void forget(const EpollWatch& watch) noexcept;

    Descriptor epoll_;
    Descriptor doorbell_;
    std::array<epoll_event, 128> events_{};
    std::size_t ready_count_ = 0;
};

}  // namespace servicekit::os
