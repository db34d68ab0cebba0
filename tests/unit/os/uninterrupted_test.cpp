#include "os/uninterrupted.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::os {
namespace {

TEST(UninterruptedTest, RepeatsAnInterruptedCall) {
    int calls = 0;
    const int outcome = uninterrupted([&] {
        errno = EINTR;
        return ++calls == 3 ? 42 : -1;
    });
    EXPECT_EQ(outcome, 42);
    EXPECT_EQ(calls, 3);
}

TEST(UninterruptedTest, ReturnsOtherFailures) {
    int calls = 0;
    const int outcome = uninterrupted([&] {
        errno = ++calls == 2 ? ENOENT : EINTR;
        return -1;
    });
    EXPECT_EQ(outcome, -1);
    EXPECT_EQ(errno, ENOENT);
    EXPECT_EQ(calls, 2);
}

TEST(UninterruptedTest, SupportsCallsThatReturnAPointer) {
    int calls = 0;
    int value = 7;
    int* const outcome = uninterrupted([&]() -> int* {
        errno = EINTR;
        return ++calls == 2 ? &value : nullptr;
    });
    EXPECT_EQ(outcome, &value);
    EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace servicekit::os
