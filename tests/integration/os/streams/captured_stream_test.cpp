#include "os/streams/captured_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "servicekit/mocks/mock_standard_streams.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::NiceMock;

class CapturedStreamTest : public ::testing::Test {
protected:
    CapturedStreamTest() {
        ON_CALL(streams_, redirect_to).WillByDefault([this](Stream, int descriptor) {
            writer_.reset(::dup(descriptor));
            return Result<void>{};
        });
    }

    void open() { ASSERT_TRUE(stream_.open(streams_)); }
    void print(std::string_view text) {
        ASSERT_EQ(::write(writer_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    NiceMock<mocks::MockStandardStreams> streams_;
    Descriptor writer_;
    CapturedStream stream_{Stream::error};
};

// Otherwise the rest of the line, which may already be in the pipe, would become a line of its own.
TEST_F(CapturedStreamTest, TimeSpentTakingLinesIsNotAPauseInALine) {
    open();
    print("one\ntw");
    std::vector<std::string> lines;
    CapturedStream::Clock::time_point taken;
    const auto take_slowly = [&](std::string_view line, bool) {
        lines.emplace_back(line);
        std::this_thread::sleep_for(5ms);
        taken = CapturedStream::Clock::now();
    };
    EXPECT_TRUE(stream_.read(take_slowly));

    ASSERT_TRUE(stream_.due());
    EXPECT_GE(*stream_.due(), taken + StreamCapture::longest_rest);

    print("o\n");
    EXPECT_TRUE(stream_.read(take_slowly));
    EXPECT_FALSE(stream_.due());
    EXPECT_THAT(lines, ElementsAre("one", "two"));
}

}  // namespace
}  // namespace servicekit::os
