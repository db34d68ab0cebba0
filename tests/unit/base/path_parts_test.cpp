#include "base/path_parts.hpp"

#include <gtest/gtest.h>

namespace servicekit {
namespace {

TEST(PathPartsTest, ReturnsTheDirectoryOfAFile) {
    EXPECT_EQ(directory_of("/run/x.pid"), "/run");
    EXPECT_EQ(directory_of("/x.pid"), "/");
    EXPECT_EQ(directory_of("run/x.pid"), "run");
    EXPECT_EQ(directory_of("x.pid"), ".");
}

TEST(PathPartsTest, TheNameFollowsTheLastSlash) {
    const std::string path = "/run/x.pid";
    const std::string name = "x.pid";
    EXPECT_EQ(file_name_of(path), "x.pid");
    EXPECT_STREQ(file_name_of(path).data(), "x.pid");
    EXPECT_EQ(file_name_of(name), "x.pid");
}

}  // namespace
}  // namespace servicekit
