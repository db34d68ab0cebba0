#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/programs.hpp"

namespace servicekit::mocks {

/// By default it runs forever.
class MockProgram : public os::Program {
public:
    MockProgram();
    ~MockProgram() override;

    MOCK_METHOD(pid_t, id, (), (const, override));
    MOCK_METHOD(int, descriptor, (), (const, override));
    MOCK_METHOD(std::optional<os::ProgramEnd>, end, (), (override));
    MOCK_METHOD(std::optional<os::ProgramEnd>, wait_for_end, (std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(Result<bool>, signal, (int signal_number), (override));
};

/// By default it accepts every write.
class MockProgramInput : public os::ProgramInput {
public:
    MockProgramInput();
    ~MockProgramInput() override;

    MOCK_METHOD(os::Transfer, write, (std::string_view bytes), (noexcept, override));
    MOCK_METHOD(bool, wait_until_writable, (std::chrono::milliseconds at_most), (noexcept, override));
    MOCK_METHOD(std::size_t, unread, (), (const, override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(void, close_writer, (), (override));
    MOCK_METHOD(int, writer, (), (const, override));
    MOCK_METHOD(int, reader, (), (const, override));
};

/// By default neither pipes nor processes can be created.
class MockPrograms : public os::Programs {
public:
    MockPrograms();
    ~MockPrograms() override;

    MOCK_METHOD(Result<std::unique_ptr<os::ProgramInput>>, open_input, (std::size_t capacity), (override));
    MOCK_METHOD(Result<std::unique_ptr<os::Program>>, start, (const os::ProgramStart& start), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockProgram>;
extern template class ::testing::NiceMock<servicekit::mocks::MockProgramInput>;
extern template class ::testing::NiceMock<servicekit::mocks::MockPrograms>;
