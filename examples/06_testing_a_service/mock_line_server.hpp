#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "line_server.hpp"

/// Replaces the LineServer, so that the service is tested without a network.
class MockLineServer : public LineServer {
public:
    MOCK_METHOD(void, start, (std::uint16_t port, const std::filesystem::path& directory, const Figures& figures),
                (override));
    MOCK_METHOD(void, stop, (), (override));
    MOCK_METHOD(void, set_greeting, (std::string greeting), (override));
};
