#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "unit/client/scripted_service.hpp"

namespace servicekit::testing {

inline constexpr const char* scripted_socket = "/run/just-another-server.control";

/// A service in memory for clients. It replies `{}` unless the test sets another script.
class ScriptedServiceTest : public ::testing::Test {
protected:
    using Pieces = std::vector<ScriptedService::Piece>;

    void answer(Pieces pieces) {
        script_ = [pieces = std::move(pieces)](const std::string&) { return pieces; };
    }

    mocks::FakeOs host;
    ScriptedService::Script script_ = [](const std::string&) { return Pieces{{"{}\n"}}; };
    ScriptedService service{host, scripted_socket, [this](const std::string& request) { return script_(request); }};
};

}  // namespace servicekit::testing
