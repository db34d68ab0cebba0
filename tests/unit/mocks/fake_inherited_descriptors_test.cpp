#include "servicekit/mocks/fake_inherited_descriptors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace servicekit::mocks {
namespace {

TEST(FakeInheritedDescriptorsTest, RecordsWritesAndCloses) {
    FakeInheritedDescriptors descriptors;
    descriptors.leave_open(3);
    EXPECT_FALSE(descriptors.is_claimed(3));
    ASSERT_TRUE(descriptors.claim_for_writing(3));
    EXPECT_TRUE(descriptors.is_claimed(3));
    ASSERT_TRUE(descriptors.write_and_close(3, "\n"));
    EXPECT_EQ(descriptors.written(3), "\n");
    EXPECT_FALSE(descriptors.is_open(3));
}

TEST(FakeInheritedDescriptorsTest, RefusesAClosedDescriptor) {
    FakeInheritedDescriptors descriptors;
    EXPECT_EQ(descriptors.claim_for_writing(3).error().errno_value, EBADF);
    EXPECT_EQ(descriptors.write_and_close(3, "\n").error().errno_value, EBADF);
    descriptors.close(3);
    EXPECT_EQ(descriptors.written(3), "");
}

TEST(FakeInheritedDescriptorsTest, ClosesNeitherKeptNorOwnDescriptors) {
    FakeInheritedDescriptors descriptors;
    for (const int inherited : {2, 3, 4, 5}) descriptors.leave_open(inherited);
    descriptors.open_in_program(5);
    descriptors.open_in_program(6);

    ASSERT_TRUE(descriptors.close_all_but(std::array{4}));

    EXPECT_TRUE(descriptors.is_open(2));
    EXPECT_FALSE(descriptors.is_open(3));
    for (const int left : {4, 5, 6}) EXPECT_TRUE(descriptors.is_open(left)) << left;
}

TEST(FakeInheritedDescriptorsTest, RefusesToWriteToAFileOfTheProgram) {
    FakeInheritedDescriptors descriptors;
    descriptors.open_in_program(3);
    EXPECT_FALSE(descriptors.claim_for_writing(3));
}

TEST(FakeInheritedDescriptorsTest, FailsOnDemandAndStillCloses) {
    FakeInheritedDescriptors descriptors;
    descriptors.leave_open(3);
    descriptors.failures().fail_next("claim_for_writing", EMFILE);
    EXPECT_FALSE(descriptors.claim_for_writing(3));
    descriptors.failures().fail_next("write_and_close", EPIPE);
    EXPECT_EQ(descriptors.write_and_close(3, "\n").error().errno_value, EPIPE);
    EXPECT_FALSE(descriptors.is_open(3));
    descriptors.leave_open(4);
    descriptors.failures().fail_next("close_all_but", ENOMEM);
    EXPECT_EQ(descriptors.close_all_but({}).error().errno_value, ENOMEM);
    EXPECT_TRUE(descriptors.is_open(4));
}

}  // namespace
}  // namespace servicekit::mocks
