#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/stream_capture.hpp"

namespace servicekit::mocks {

/// By default nothing is printed.
class MockStreamCapture : public os::StreamCapture {
public:
    MockStreamCapture();
    ~MockStreamCapture() override;

    MOCK_METHOD(Result<void>, capture, (os::Stream stream), (override));
    MOCK_METHOD(Result<void>, start,
                (Deliver deliver, const std::function<void()>& prepare_thread, os::EventLoop& loop), (override));
    MOCK_METHOD(bool, stop, (std::chrono::milliseconds at_most), (noexcept, override));
    MOCK_METHOD(void, write_at_crash, (void (*take)(void* to, const os::CapturedLine& line) noexcept, void* to),
                (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockStreamCapture>;
