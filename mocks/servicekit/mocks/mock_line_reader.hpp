#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "servicekit/os/line_reader.hpp"

namespace servicekit::mocks {

/// By default the user types nothing.
class MockLineReader : public os::LineReader {
public:
    MockLineReader() {
        ON_CALL(*this, read_line)
            .WillByDefault(::testing::Return(Result<std::optional<std::string>>{std::optional<std::string>{}}));
    }

    MOCK_METHOD(Result<std::optional<std::string>>, read_line, (const std::string& prompt), (override));
    MOCK_METHOD(bool, take_interrupt, (), (override));
};

}  // namespace servicekit::mocks
