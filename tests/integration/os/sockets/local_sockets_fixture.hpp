#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::os::test {

/// A path for a socket, in a directory of its own.
class LocalSocketsTest : public ::testing::Test {
protected:
    std::unique_ptr<LocalListener> listen(const std::string& at, const LocalSocketAccess& access = {}) {
        auto listener = sockets.listen(at, access);
        if (listener) return *std::move(listener);
        ADD_FAILURE() << listener.error().message();
        return nullptr;
    }
    std::unique_ptr<LocalConnection> connect(const std::string& to) {
        auto connection = sockets.connect(to);
        if (connection) return *std::move(connection);
        ADD_FAILURE() << connection.error().message();
        return nullptr;
    }
    static std::unique_ptr<LocalConnection> accept_from(LocalListener& listener) {
        pollfd waiting{.fd = listener.descriptor(), .events = POLLIN, .revents = 0};
        EXPECT_EQ(poll(&waiting, 1, 30'000), 1);
        auto connection = listener.accept();
        if (connection) return *std::move(connection);
        ADD_FAILURE() << connection.error().message();
        return nullptr;
    }
    /// Leaves the file of a socket, as a killed service does.
    void leave_stale_socket() {
        ForkedChild killed{[this](Lines&) {
            const auto listener = listen(path);
            _exit(0);
            return 1;
        }};
        EXPECT_EQ(killed.wait(), 0);
    }

    TemporaryDirectory directory;
    const std::string path = directory.file("control");
    LocalSockets& sockets = posix_local_sockets();
};

}  // namespace servicekit::os::test
