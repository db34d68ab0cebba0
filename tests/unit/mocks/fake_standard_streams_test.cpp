#include "servicekit/mocks/fake_standard_streams.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

using os::Stream;
using Target = FakeStandardStreams::Target;

TEST(FakeStandardStreamsTest, CapturesTheTextOfEachStream) {
    FakeStandardStreams streams;
    streams.write(Stream::out, "one ");
    streams.write(Stream::out, "two");
    streams.write(Stream::error, "three");
    EXPECT_EQ(streams.written(Stream::out), "one two");
    EXPECT_EQ(streams.written(Stream::error), "three");
}

TEST(FakeStandardStreamsTest, IsATerminalIfSet) {
    FakeStandardStreams streams;
    EXPECT_FALSE(streams.is_terminal(Stream::error));
    EXPECT_EQ(streams.terminal_width(Stream::error), 80U);
    streams.set_terminal(Stream::error, true, 132);
    EXPECT_TRUE(streams.is_terminal(Stream::error));
    EXPECT_EQ(streams.terminal_width(Stream::error), 132U);
    EXPECT_FALSE(streams.is_terminal(Stream::out));
    ASSERT_TRUE(streams.redirect_to_null(Stream::error));
    EXPECT_FALSE(streams.is_terminal(Stream::error));
}

TEST(FakeStandardStreamsTest, ARedirectedStreamGoesToItsDescriptor) {
    FakeStandardStreams streams;
    streams.write(Stream::out, "before");
    ASSERT_TRUE(streams.redirect_to(Stream::out, 1000));
    ASSERT_TRUE(streams.redirect_to(Stream::error, 1000));
    streams.write(Stream::out, "one ");
    streams.write(Stream::error, "two");
    EXPECT_EQ(streams.written(Stream::out), "before");
    EXPECT_EQ(streams.written_to(1000), "one two");
    EXPECT_EQ(streams.target(Stream::out), Target::descriptor);
    EXPECT_EQ(streams.descriptor(Stream::out), 1000);
    EXPECT_EQ(streams.descriptor(Stream::in), -1);
}

TEST(FakeStandardStreamsTest, DropsTextToTheNullDevice) {
    FakeStandardStreams streams;
    ASSERT_TRUE(streams.redirect_to_null(Stream::out));
    streams.write(Stream::out, "lost");
    EXPECT_EQ(streams.written(Stream::out), "");
    EXPECT_EQ(streams.target(Stream::out), Target::null);
}

TEST(FakeStandardStreamsTest, OpensOnlyClosedStreams) {
    FakeStandardStreams streams;
    streams.close(Stream::in);
    streams.write(Stream::in, "lost");
    ASSERT_TRUE(streams.open_closed_ones());
    EXPECT_EQ(streams.target(Stream::in), Target::null);
    EXPECT_EQ(streams.target(Stream::out), Target::user);
}

TEST(FakeStandardStreamsTest, AcceptsNoMoreThanItsReaderReads) {
    FakeStandardStreams streams;
    streams.limit(Stream::out, 6);
    EXPECT_EQ(streams.write_within(Stream::out, "four", std::chrono::seconds{1}).bytes, 4U);
    const auto cut = streams.write_within(Stream::out, "five", std::chrono::seconds{2});
    EXPECT_EQ(cut.bytes, 2U);
    EXPECT_EQ(cut.failure->errno_value, EAGAIN);
    EXPECT_EQ(streams.last_patience(), std::chrono::seconds{2});
    streams.limit(Stream::out, std::nullopt);
    EXPECT_FALSE(streams.write_within(Stream::out, "six", std::chrono::seconds{0}).failure);
    EXPECT_EQ(streams.written(Stream::out), "fourfisix");
    streams.failures.fail_next("write_within", EPIPE, "stdout");
    EXPECT_EQ(streams.write_within(Stream::out, "seven", std::chrono::seconds{0}).failure->errno_value, EPIPE);
}

TEST(FakeStandardStreamsTest, RecordsTheFileAndItsNewOwner) {
    FakeStandardStreams streams;
    ASSERT_TRUE(streams.redirect_to_file(Stream::out, {.path = "/var/log/out"}));
    ASSERT_TRUE(streams.change_owner(Stream::out, 1000, 1000));

    EXPECT_EQ(streams.target(Stream::out), FakeStandardStreams::Target::file);
    EXPECT_EQ(streams.file(Stream::out).path, "/var/log/out");
    EXPECT_EQ(streams.owner(Stream::out), 1000U);
    EXPECT_FALSE(streams.owner(Stream::error));
}

TEST(FakeStandardStreamsTest, FailsOnDemand) {
    FakeStandardStreams streams;
    streams.failures.fail_next("redirect_to", EMFILE, "stderr");
    EXPECT_TRUE(streams.redirect_to(Stream::out, 5));
    EXPECT_EQ(streams.redirect_to(Stream::error, 5).error().errno_value, EMFILE);
    EXPECT_EQ(streams.redirect_to(Stream::error, -1).error().errno_value, EBADF);
    streams.failures.fail_next("open_closed_ones", ENOENT);
    EXPECT_FALSE(streams.open_closed_ones());
    streams.failures.fail_next("redirect_to_null", ENOENT);
    EXPECT_FALSE(streams.redirect_to_null(Stream::in));
    streams.failures.fail_next("redirect_to_file", EISDIR);
    EXPECT_FALSE(streams.redirect_to_file(Stream::out, {.path = "/"}));
    streams.failures.fail_next("change_owner", EPERM);
    EXPECT_FALSE(streams.change_owner(Stream::out, 1, 1));
}

}  // namespace
}  // namespace servicekit::mocks
