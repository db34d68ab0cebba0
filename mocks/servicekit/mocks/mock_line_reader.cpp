#include "servicekit/mocks/mock_line_reader.hpp"

namespace servicekit::mocks {

MockLineReader::MockLineReader() {
    ON_CALL(*this, read_line)
        .WillByDefault(::testing::Return(Result<std::optional<std::string>>{std::optional<std::string>{}}));
}

MockLineReader::~MockLineReader() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockLineReader>;
