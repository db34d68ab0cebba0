#include "servicekit/os/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

namespace servicekit::os {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(PosixEnvironmentTest, AnEmptyVariableCountsAsUnset) {
    ::setenv("SERVICEKIT_TEST_FULL", "a=b", 1);
    ::setenv("SERVICEKIT_TEST_EMPTY", "", 1);
    EXPECT_EQ(posix_environment().get("SERVICEKIT_TEST_FULL"), "a=b");
    EXPECT_EQ(posix_environment().get("SERVICEKIT_TEST_EMPTY"), std::nullopt);
    EXPECT_EQ(posix_environment().get("SERVICEKIT_TEST_UNSET"), std::nullopt);
    EXPECT_THAT(posix_environment().names(), Contains("SERVICEKIT_TEST_FULL"));
    EXPECT_THAT(posix_environment().names(), Not(Contains("SERVICEKIT_TEST_EMPTY")));
    ::unsetenv("SERVICEKIT_TEST_FULL");
    ::unsetenv("SERVICEKIT_TEST_EMPTY");
}

}  // namespace
}  // namespace servicekit::os
