#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "servicekit/os/line_reader.hpp"

namespace servicekit::mocks {

/// By default the user types nothing.
class MockLineReader : public os::LineReader {
public:
    MockLineReader();
    ~MockLineReader() override;

    MOCK_METHOD(Result<std::optional<std::string>>, read_line, (const std::string& prompt), (override));
    MOCK_METHOD(bool, take_interrupt, (), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockLineReader>;
