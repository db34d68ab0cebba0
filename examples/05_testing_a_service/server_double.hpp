#pragma once
// Stands in the place of the LineServer of example 01: the service is tested, not its network.
#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

class MockServer {
public:
    MOCK_METHOD(void, start, (std::uint16_t port, const std::filesystem::path& directory));
    MOCK_METHOD(void, stop, ());
};

/// Each process makes its own; all of them tell the test's mock.
class ServerDouble {
public:
    explicit ServerDouble() { latest = this; }

    void start(std::uint16_t wanted_port, const std::filesystem::path& directory) {
        port = wanted_port;
        mock->start(wanted_port, directory);
    }
    void stop() { mock->stop(); }

    std::atomic<std::shared_ptr<const std::string>> greeting;
    std::atomic<std::uint16_t> port{0};
    std::atomic<std::uint64_t> connections{0}, lines{0};

    static inline MockServer* mock = nullptr;
    static inline ServerDouble* latest = nullptr;
};
