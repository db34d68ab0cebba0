#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <system_error>

#include "os/descriptor.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os::test {

/// Two connected sockets: what is written to one can be read from the other.
struct SocketPair {
    SocketPair() {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
            throw std::system_error{errno, std::generic_category(), "socketpair"};
        here.reset(ends[0]);
        there.reset(ends[1]);
    }
    void write_there() const { ASSERT_EQ(write(there.get(), "x", 1), 1); }
    [[nodiscard]] char read_here() const {
        char byte = 0;
        return read(here.get(), &byte, 1) == 1 ? byte : '\0';
    }
    void fill_here() const {
        const std::array<char, 4096> block{};
        while (write(here.get(), block.data(), block.size()) > 0) {
        }
    }
    void drain_there() const {
        std::array<char, 4096> block{};
        while (read(there.get(), block.data(), block.size()) > 0) {
        }
    }
    Descriptor here;
    Descriptor there;
};

/// Something that another thread is awaited to do.
class Happening {
public:
    void happens() { promise_.set_value(); }
    [[nodiscard]] bool has_happened() {
        return future_.wait_for(std::chrono::seconds{30}) == std::future_status::ready;
    }

private:
    std::promise<void> promise_;
    std::future<void> future_ = promise_.get_future();
};

/// A loop that is not started yet, and what most tests of it want.
class EventLoopTest : public ::testing::Test {
protected:
    void start() { ASSERT_TRUE(loop->start()); }

    /// Has the loop's thread run it, and waits until it has.
    void in_loop(const std::function<void()>& call) {
        Happening done;
        loop->post([&] {
            call();
            done.happens();
        });
        ASSERT_TRUE(done.has_happened());
    }

    /// Once it returns, the loop has waited once more: what was ready has been told.
    void let_the_loop_turn() {
        Happening turned;
        const SocketPair ready;
        std::unique_ptr<Watch> last;
        in_loop([&] {
            last = loop->watch(ready.here.get());
            last->await_readable([&] { turned.happens(); });
        });
        ready.write_there();
        ASSERT_TRUE(turned.has_happened());
        in_loop([&] { last.reset(); });
    }

    SocketPair pair;  ///< outlives the watches, which the loop's end leaves to this thread
    std::unique_ptr<EventLoop> loop = make_posix_event_loop("loop");
    std::unique_ptr<Watch> watch;
    std::unique_ptr<Timer> timer;
};

}  // namespace servicekit::os::test
