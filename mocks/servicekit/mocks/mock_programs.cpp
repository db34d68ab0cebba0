#include "servicekit/mocks/mock_programs.hpp"

#include <cerrno>

namespace servicekit::mocks {

MockProgram::MockProgram() = default;
MockProgram::~MockProgram() = default;

MockProgramInput::MockProgramInput() {
    ON_CALL(*this, write).WillByDefault([](std::string_view bytes) { return os::Transfer{.bytes = bytes.size()}; });
    ON_CALL(*this, wait_until_writable).WillByDefault(::testing::Return(true));
}

MockProgramInput::~MockProgramInput() = default;

MockPrograms::MockPrograms() {
    ON_CALL(*this, open_input).WillByDefault([](std::size_t) -> Result<std::unique_ptr<os::ProgramInput>> {
        return os_error("open a pipe", "", EMFILE);
    });
    ON_CALL(*this, start).WillByDefault([](const os::ProgramStart&) -> Result<std::unique_ptr<os::Program>> {
        return os_error("start the program", "", EAGAIN);
    });
}

MockPrograms::~MockPrograms() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockProgram>;
template class ::testing::NiceMock<servicekit::mocks::MockProgramInput>;
template class ::testing::NiceMock<servicekit::mocks::MockPrograms>;
