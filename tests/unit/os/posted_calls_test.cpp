#include "os/posted_calls.hpp"

#include <gtest/gtest.h>

#include <string>

namespace servicekit::os {
namespace {

class PostedCallsTest : public ::testing::Test {
protected:
    bool add(const std::string& name) {
        return calls.add([this, name] { called += name; });
    }

    PostedCalls calls;
    std::string called;
};

TEST_F(PostedCallsTest, TheFirstOfSeveralWakesForAll) {
    EXPECT_TRUE(add("a"));
    EXPECT_FALSE(add("b"));
    calls.run();
    EXPECT_EQ(called, "ab");
    EXPECT_TRUE(add("c"));
}

TEST_F(PostedCallsTest, ThoseThatAreRunSoonAnywayWakeNobody) {
    calls.expect_run();
    EXPECT_FALSE(add("a"));
    calls.run();
    EXPECT_EQ(called, "a");
    EXPECT_TRUE(add("b"));
}

TEST_F(PostedCallsTest, ACallMayAddAnother) {
    static_cast<void>(calls.add([this] { static_cast<void>(add("inner")); }));
    calls.run();
    EXPECT_EQ(called, "");
    calls.run();
    EXPECT_EQ(called, "inner");
}

}  // namespace
}  // namespace servicekit::os
