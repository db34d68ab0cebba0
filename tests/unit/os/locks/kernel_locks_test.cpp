#include "os/locks/kernel_locks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace servicekit::os {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = KernelLock::Kind;

constexpr KernelFile file{0xfe, 0x10, 131};

TEST(KernelLocksTest, ReturnsKindAccessAndPidOfEachLock) {
    const auto locks = parse_kernel_locks(
        "1: POSIX  ADVISORY  WRITE 4711 fe:10:131 0 EOF\n"
        "2: FLOCK  ADVISORY  READ  4712 fe:10:131 0 EOF\n"
        "3: OFDLCK ADVISORY  WRITE -1 fe:10:131 0 EOF\n",
        file);

    EXPECT_THAT(locks, ElementsAre(KernelLock{Kind::fcntl, true, 4711}, KernelLock{Kind::flock, false, 4712},
                                   KernelLock{Kind::open_file, true, 0}));
}

TEST(KernelLocksTest, OmitsLocksOfOtherFiles) {
    const auto locks = parse_kernel_locks(
        "1: POSIX  ADVISORY  WRITE 1 fe:10:1311 0 EOF\n"
        "2: POSIX  ADVISORY  WRITE 2 fe:01:131 0 EOF\n"
        "3: POSIX  ADVISORY  WRITE 3 fd:10:131 0 EOF\n"
        "4: POSIX  ADVISORY  WRITE 4 <none>:0 0 EOF\n",
        file);

    EXPECT_THAT(locks, IsEmpty());
}

TEST(KernelLocksTest, OmitsWaitingLocksAndLeases) {
    const auto locks = parse_kernel_locks(
        "1: FLOCK  ADVISORY  WRITE 1 fe:10:131 0 EOF\n"
        "1: -> FLOCK  ADVISORY  WRITE 2 fe:10:131 0 EOF\n"
        "2: LEASE  ACTIVE    READ  3 fe:10:131 0 EOF\n"
        "3: DELEG  ACTIVE    READ  4 fe:10:131 0 EOF\n",
        file);

    EXPECT_THAT(locks, ElementsAre(KernelLock{Kind::flock, true, 1}));
}

TEST(KernelLocksTest, ReadsPartialLocksAndAnUnfinishedLastLine) {
    EXPECT_THAT(parse_kernel_locks("12: POSIX  MANDATORY WRITE 1 fe:10:131 128 128", file),
                ElementsAre(KernelLock{Kind::fcntl, true, 1}));
}

TEST(KernelLocksTest, ReturnsNothingForInvalidText) {
    for (const char* text : {"", "\n\n", "x", "1: FLOCK", "1: FLOCK ADVISORY WRITE",
                             "1: FLOCK ADVISORY WRITE x fe:10:131", "1: FLOCK ADVISORY WRITE 1 fe:10",
                             "1: FLOCK ADVISORY WRITE 1 fe:10:131x", "1: FLOCK ADVISORY WRITE 99999999999 fe:10:131"})
        EXPECT_THAT(parse_kernel_locks(text, file), IsEmpty()) << text;
}

}  // namespace
}  // namespace servicekit::os
