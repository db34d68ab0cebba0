#include "servicekit/mocks/mock_stream_capture.hpp"

namespace servicekit::mocks {

MockStreamCapture::MockStreamCapture() { ON_CALL(*this, stop).WillByDefault(::testing::Return(true)); }

MockStreamCapture::~MockStreamCapture() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockStreamCapture>;
