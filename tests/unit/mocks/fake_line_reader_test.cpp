#include "servicekit/mocks/fake_line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::mocks {
namespace {

using ::testing::ElementsAre;

TEST(FakeLineReaderTest, ReturnsTypedLinesAndThenTheEnd) {
    FakeLineReaders readers;
    readers.type("one");
    readers.type("");
    const auto reader = readers.make();

    EXPECT_EQ(reader->read_line("a> ").value(), "one");
    EXPECT_EQ(reader->read_line("b> ").value(), "");
    EXPECT_EQ(reader->read_line("c> ").value(), std::nullopt);

    EXPECT_THAT(readers.prompts(), ElementsAre("a> ", "b> ", "c> "));
}

TEST(FakeLineReaderTest, TheNextReaderContinuesAfterTheLast) {
    FakeLineReaders readers;
    readers.type("one");
    readers.type("two");

    EXPECT_EQ(readers.make()->read_line("").value(), "one");
    EXPECT_EQ(readers.make()->read_line("").value(), "two");
}

TEST(FakeLineReaderTest, AFailureConsumesNothing) {
    FakeLineReaders readers;
    readers.type("one");
    readers.failures().fail_next("read_line", EIO);
    const auto reader = readers.make();

    EXPECT_EQ(reader->read_line("").error().errno_value, EIO);
    EXPECT_EQ(reader->read_line("").value(), "one");
}

TEST(FakeLineReaderTest, AnInterruptIsReportedOnce) {
    FakeLineReaders readers;
    readers.type("one");
    const auto reader = readers.make();

    readers.interrupt();
    EXPECT_EQ(reader->read_line("").error().errno_value, EINTR);
    EXPECT_FALSE(reader->take_interrupt());
    readers.interrupt();
    EXPECT_TRUE(reader->take_interrupt());
    EXPECT_EQ(reader->read_line("").value(), "one");
}

TEST(FakeLineReaderTest, IsPartOfAMachine) {
    FakeOs os;
    os.faults.fail("line_readers.read_line", 1, EIO);

    EXPECT_FALSE(os.line_readers.make()->read_line(""));
}

}  // namespace
}  // namespace servicekit::mocks
