#include "servicekit/os/inherited_descriptors.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "os/descriptor.hpp"
#include "os/descriptors_at_start.hpp"

namespace servicekit::os {
namespace {

using ::testing::HasSubstr;

class PosixInheritedDescriptorsTest : public testing::Test {
protected:
    PosixInheritedDescriptorsTest() {
        std::array<int, 2> ends{-1, -1};
        EXPECT_EQ(::pipe(ends.data()), 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
        // As if the process had been started with them.
        descriptors_at_start::note();
    }

    Descriptor reader;
    Descriptor writer;
    InheritedDescriptors& descriptors_ = posix_inherited_descriptors();
};

TEST_F(PosixInheritedDescriptorsTest, AClaimedDescriptorIsClosedByExec) {
    ASSERT_TRUE(descriptors_.claim_for_writing(writer.get()));
    EXPECT_NE(::fcntl(writer.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PosixInheritedDescriptorsTest, WritesAndCloses) {
    const int number = writer.release();
    ASSERT_TRUE(descriptors_.write_and_close(number, "\n"));
    EXPECT_LT(::fcntl(number, F_GETFD), 0);
    std::array<char, 8> text{};
    EXPECT_EQ(::read(reader.get(), text.data(), text.size()), 1);
    EXPECT_EQ(text[0], '\n');
    EXPECT_EQ(::read(reader.get(), text.data(), text.size()), 0);
}

TEST_F(PosixInheritedDescriptorsTest, RefusesADescriptorNotOpenForWriting) {
    const auto for_reading = descriptors_.claim_for_writing(reader.get());
    ASSERT_FALSE(for_reading);
    EXPECT_THAT(for_reading.error().message(), HasSubstr("it is not open for writing"));
    const int closed = writer.get();
    writer.reset();
    EXPECT_EQ(descriptors_.claim_for_writing(closed).error().errno_value, EBADF);
}

TEST_F(PosixInheritedDescriptorsTest, RefusesADescriptorOpenedByTheProgram) {
    const Descriptor own{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    const auto claimed = descriptors_.claim_for_writing(own.get());
    ASSERT_FALSE(claimed);
    EXPECT_THAT(claimed.error().message(), HasSubstr("the program has opened it itself"));
}

TEST_F(PosixInheritedDescriptorsTest, ReportsAMissingReaderAndStillCloses) {
    reader.reset();
    const int number = writer.release();
    EXPECT_EQ(descriptors_.write_and_close(number, "\n").error().errno_value, EPIPE);
    EXPECT_LT(::fcntl(number, F_GETFD), 0);
}

}  // namespace
}  // namespace servicekit::os
