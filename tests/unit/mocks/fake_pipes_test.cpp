#include "servicekit/mocks/fake_pipes.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ReadingEnd = os::PipeReading::End;

class FakePipesTest : public ::testing::Test {
protected:
    FakeClock clock;
    const std::chrono::steady_clock::time_point begin = clock.steady_now();
    FakePipes pipes{clock};
};

TEST_F(FakePipesTest, ReadsItsOwnWrites) {
    const auto pipe = *pipes.open();
    ASSERT_TRUE(pipe->write("one\ntwo\n"));
    EXPECT_EQ(pipe->read_line(1s).text, "one\n");
    EXPECT_EQ(pipe->read_line(1s).text, "two\n");
    EXPECT_EQ(clock.steady_now(), begin);
}

TEST_F(FakePipesTest, ReadsTheOtherProcessInTheTestsOrder) {
    pipes.will_hear("{\"pid\":1}\n");
    pipes.will_hear(ReadingEnd::interrupted);
    pipes.will_hear(ReadingEnd::timed_out);
    pipes.will_hear(ReadingEnd::closed);
    const auto pipe = *pipes.open();
    pipe->close_writer();
    EXPECT_EQ(pipe->read_line(1s).text, "{\"pid\":1}\n");
    EXPECT_EQ(pipe->read_line(1s).end, ReadingEnd::interrupted);
    EXPECT_EQ(clock.steady_now(), begin);
    EXPECT_EQ(pipe->read_line(1s).end, ReadingEnd::timed_out);
    EXPECT_EQ(clock.steady_now() - begin, 1s);
    EXPECT_EQ(pipe->read_line(1s).end, ReadingEnd::closed);
}

TEST_F(FakePipesTest, IsClosedWithoutWriters) {
    const auto pipe = *pipes.open();
    EXPECT_EQ(pipe->read_line(200ms).end, ReadingEnd::timed_out);
    EXPECT_EQ(clock.steady_now() - begin, 200ms);
    EXPECT_GE(pipe->writer(), 0);
    pipe->close_writer();
    EXPECT_LT(pipe->writer(), 0);
    EXPECT_EQ(pipe->read_line(1s).end, ReadingEnd::closed);
    EXPECT_EQ(pipe->write("x").error().errno_value, EBADF);
}

TEST_F(FakePipesTest, KeepsItsContentAfterItsDestruction) {
    auto pipe = *pipes.open();
    pipe->close_reader();
    EXPECT_EQ(pipes.open_readers(), 0U);
    ASSERT_TRUE(pipe->write("ready\n"));
    EXPECT_EQ(pipes.open_writers(), 1U);
    pipe.reset();
    EXPECT_EQ(pipes.open_writers(), 0U);
    EXPECT_EQ(pipes.opened(), 1U);
    EXPECT_EQ(pipes.written(), "ready\n");
}

TEST_F(FakePipesTest, BreaksWithoutReaders) {
    const auto pipe = *pipes.open();
    pipe->close_reader();
    pipes.close_other_readers();
    EXPECT_EQ(pipe->write("x").error().errno_value, EPIPE);
}

TEST_F(FakePipesTest, FailsOnDemand) {
    pipes.failures().fail_next("open", EMFILE);
    EXPECT_EQ(pipes.open().error().errno_value, EMFILE);
    const auto pipe = *pipes.open();
    pipes.failures().fail_next("write", EIO);
    EXPECT_EQ(pipe->write("x").error().errno_value, EIO);
}

}  // namespace
}  // namespace servicekit::mocks
