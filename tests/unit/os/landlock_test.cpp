#include "os/landlock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

namespace servicekit::os::landlock {
namespace {

using Use = WritablePath::Use;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(LandlockTest, EachVersionHandlesItsRights) {
    EXPECT_EQ(writing_rights(1) & (refer | truncate | ioctl_dev), 0U);
    EXPECT_EQ(writing_rights(2) & (refer | truncate | ioctl_dev), refer);
    EXPECT_EQ(writing_rights(3) & (refer | truncate | ioctl_dev), refer | truncate);
    EXPECT_EQ(writing_rights(4), writing_rights(3));
    EXPECT_EQ(writing_rights(5) & (refer | truncate | ioctl_dev), refer | truncate | ioctl_dev);
    EXPECT_EQ(writing_rights(1'000), writing_rights(5));
}

TEST(LandlockTest, ReadingAndExecutingAreNotHandled) {
    constexpr Rights execute = 1U << 0U;
    constexpr Rights read_file = 1U << 2U;
    constexpr Rights read_dir = 1U << 3U;
    EXPECT_EQ(writing_rights(7) & (execute | read_file | read_dir), 0U);
}

#ifdef LANDLOCK_ACCESS_FS_REFER
TEST(LandlockTest, TheNumbersMatchTheKernel) {
    EXPECT_EQ(write_file, static_cast<Rights>(LANDLOCK_ACCESS_FS_WRITE_FILE));
    EXPECT_EQ(remove_dir, static_cast<Rights>(LANDLOCK_ACCESS_FS_REMOVE_DIR));
    EXPECT_EQ(remove_file, static_cast<Rights>(LANDLOCK_ACCESS_FS_REMOVE_FILE));
    EXPECT_EQ(make_char, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_CHAR));
    EXPECT_EQ(make_dir, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_DIR));
    EXPECT_EQ(make_reg, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_REG));
    EXPECT_EQ(make_sock, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_SOCK));
    EXPECT_EQ(make_fifo, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_FIFO));
    EXPECT_EQ(make_block, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_BLOCK));
    EXPECT_EQ(make_sym, static_cast<Rights>(LANDLOCK_ACCESS_FS_MAKE_SYM));
    EXPECT_EQ(refer, static_cast<Rights>(LANDLOCK_ACCESS_FS_REFER));
}
#endif

TEST(LandlockTest, ALogDirectoryIsForRegularFiles) {
    const Rights rights = rights_for(Use::regular_files, PathKind::directory, writing_rights(7));
    EXPECT_EQ(rights, write_file | truncate | make_reg | remove_file);
    EXPECT_EQ(rights_for(Use::regular_files, PathKind::directory, writing_rights(1)),
              write_file | make_reg | remove_file);
}

TEST(LandlockTest, AFileAllowsOnlySomeRights) {
    EXPECT_EQ(rights_for(Use::everything, PathKind::file, writing_rights(7)), write_file | truncate | ioctl_dev);
    EXPECT_EQ(rights_for(Use::everything, PathKind::file, writing_rights(1)), write_file);
    EXPECT_EQ(rights_for(Use::removal, PathKind::file, writing_rights(7)), 0U);
    EXPECT_EQ(rights_for(Use::everything, PathKind::directory, writing_rights(7)), writing_rights(7));
    EXPECT_EQ(rights_for(Use::removal, PathKind::directory, writing_rights(7)), remove_file);
}

TEST(LandlockTest, AnOlderVersionReportsItsGaps) {
    EXPECT_EQ(gap_of(1),
              "no file can be renamed or linked into another directory, files can be truncated anywhere, devices "
              "can be controlled anywhere");
    EXPECT_THAT(gap_of(2), Not(HasSubstr("renamed")));
    EXPECT_EQ(gap_of(4), "devices can be controlled anywhere");
    EXPECT_EQ(gap_of(5), "");
    EXPECT_EQ(gap_of(7), "");
}

}  // namespace
}  // namespace servicekit::os::landlock
