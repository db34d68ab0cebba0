#include "servicekit/mocks/mock_standard_streams.hpp"

namespace servicekit::mocks {

MockStandardStreams::MockStandardStreams() {
    ON_CALL(*this, terminal_width).WillByDefault(::testing::Return(80U));
    ON_CALL(*this, write_within).WillByDefault([](os::Stream, std::string_view text, std::chrono::milliseconds) {
        return os::StreamWriting{.bytes = text.size()};
    });
    ON_CALL(*this, read_rest).WillByDefault(::testing::Return(Result<std::string>{std::string{}}));
    ON_CALL(*this, ask_hidden)
        .WillByDefault(::testing::Return(Result<std::optional<std::string>>{std::optional<std::string>{}}));
    ON_CALL(*this, ask_key).WillByDefault(::testing::Return(Result<std::optional<char>>{std::optional<char>{}}));
}

MockStandardStreams::~MockStandardStreams() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockStandardStreams>;
