#include "servicekit/mocks/fake_stream_capture.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_reactor.hpp"

namespace servicekit::mocks {
namespace {

using os::Stream;

class FakeStreamCaptureTest : public ::testing::Test {
protected:
    void start() {
        const auto started =
            capture->start([this](const os::CapturedLine& line) { heard += std::string{line.text} + ";"; },
                           [this] { ++threads; }, loop);
        EXPECT_TRUE(started);
    }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeEventLoop loop{reactor};
    FakeStreamCaptures captures;
    std::unique_ptr<os::StreamCapture> capture = captures.make();
    std::string heard;
    int threads = 0;
};

TEST_F(FakeStreamCaptureTest, DeliversWholeLines) {
    ASSERT_TRUE(capture->capture(Stream::out));
    start();

    captures.print(Stream::out, "one\ntw");
    captures.print(Stream::error, "nobody hears\n");
    captures.print(Stream::out, "o\n");

    EXPECT_EQ(heard, "one;two;");
    EXPECT_EQ(threads, 1);
}

TEST_F(FakeStreamCaptureTest, OutputBeforeTheStartIsDeliveredLater) {
    ASSERT_TRUE(capture->capture(Stream::out));
    captures.print(Stream::out, "early\n");
    EXPECT_EQ(heard, "");

    start();

    EXPECT_EQ(heard, "early;");
}

TEST_F(FakeStreamCaptureTest, TheLastLineNeedsNoNewline) {
    ASSERT_TRUE(capture->capture(Stream::out));
    start();
    captures.print(Stream::out, "unfinished");

    capture->stop({});

    EXPECT_EQ(heard, "unfinished;");
    EXPECT_FALSE(captures.is_captured(Stream::out));
}

TEST_F(FakeStreamCaptureTest, FailsOnDemand) {
    captures.failures().fail_next("capture", EMFILE, "stderr");
    captures.failures().fail_next("start", EAGAIN);

    EXPECT_EQ(capture->capture(Stream::error).error().errno_value, EMFILE);
    EXPECT_EQ(capture->start({}, {}, loop).error().errno_value, EAGAIN);
}

}  // namespace
}  // namespace servicekit::mocks
