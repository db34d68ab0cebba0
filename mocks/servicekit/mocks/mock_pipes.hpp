#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/pipes.hpp"

namespace servicekit::mocks {

/// By default it accepts every write, and its reader finds it empty and closed.
class MockPipe : public os::Pipe {
public:
    MockPipe() {
        ON_CALL(*this, read_line).WillByDefault(::testing::Return(os::PipeReading{}));
        ON_CALL(*this, writer).WillByDefault(::testing::Return(-1));
    }

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
    MockPipes() {
        ON_CALL(*this, open).WillByDefault([] {
            return Result<std::unique_ptr<os::Pipe>>{std::make_unique<::testing::NiceMock<MockPipe>>()};
        });
    }

    MOCK_METHOD(Result<std::unique_ptr<os::Pipe>>, open, (), (override));
};

}  // namespace servicekit::mocks
