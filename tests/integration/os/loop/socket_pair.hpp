#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "os/descriptor.hpp"

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
        constexpr int least = 0;
        setsockopt(here.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
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

}  // namespace servicekit::os::test
