#include "servicekit/mocks/mock_pipes.hpp"

namespace servicekit::mocks {

MockPipe::MockPipe() {
    ON_CALL(*this, read_line).WillByDefault(::testing::Return(os::PipeReading{}));
    ON_CALL(*this, writer).WillByDefault(::testing::Return(-1));
}

MockPipe::~MockPipe() = default;

MockPipes::MockPipes() {
    ON_CALL(*this, open).WillByDefault([] {
        return Result<std::unique_ptr<os::Pipe>>{std::make_unique<::testing::NiceMock<MockPipe>>()};
    });
}

MockPipes::~MockPipes() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockPipe>;
template class ::testing::NiceMock<servicekit::mocks::MockPipes>;
