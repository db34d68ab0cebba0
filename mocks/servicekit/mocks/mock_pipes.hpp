#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/pipes.hpp"

namespace servicekit::mocks {

/// By default it accepts every write, and its reader finds it empty and closed.
class MockPipe : public os::Pipe {
public:
    MockPipe();
    ~MockPipe() override;

    MOCK_METHOD(void, close_reader, (), (override));
    MOCK_METHOD(void, close_writer, (), (override));
    MOCK_METHOD(void, keep_writer_from_children, (), (override));
    MOCK_METHOD(Result<void>, write, (std::string_view text), (override));
    MOCK_METHOD(void, write_at_crash, (std::string_view text), (noexcept, override));
    MOCK_METHOD(os::PipeReading, read_line, (std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(int, writer, (), (const, override));
};

/// By default each pipe is a NiceMock<MockPipe>.
class MockPipes : public os::Pipes {
public:
    MockPipes();
    ~MockPipes() override;

    MOCK_METHOD(Result<std::unique_ptr<os::Pipe>>, open, (), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockPipe>;
extern template class ::testing::NiceMock<servicekit::mocks::MockPipes>;
