#include "os/posted_calls.hpp"

#include <gtest/gtest.h>

#include <string>

namespace servicekit::os {
namespace {

class PostedCallsTest : public ::testing::Test {
protected:
    PostedCalls::Wake add(const std::string& name) {
        return calls.add([this, name] { called += name; });
    }

    PostedCalls calls;
    std::string called;
};

TEST_F(PostedCallsTest, TheFirstOfSeveralWakesForAll) {
    EXPECT_EQ(add("a"), PostedCalls::Wake::now);
    EXPECT_EQ(add("b"), PostedCalls::Wake::not_needed);
    calls.run();
    EXPECT_EQ(called, "ab");
    EXPECT_EQ(add("c"), PostedCalls::Wake::now);
}

TEST_F(PostedCallsTest, WhileHeldTheyWakeSoonAndOnce) {
    calls.hold();
    EXPECT_EQ(add("a"), PostedCalls::Wake::soon);
    EXPECT_EQ(add("b"), PostedCalls::Wake::not_needed);
    EXPECT_TRUE(calls.release());
    calls.run();
    EXPECT_EQ(called, "ab");
}

TEST_F(PostedCallsTest, ManyThatAreHeldWakeAllTheSame) {
    calls.hold();
    for (std::size_t i = 1; i < PostedCalls::most_held; ++i) EXPECT_NE(add("x"), PostedCalls::Wake::now);
    EXPECT_EQ(add("x"), PostedCalls::Wake::now);
    EXPECT_FALSE(calls.release());
}

TEST_F(PostedCallsTest, ReleasingNothingWakesNobody) {
    calls.hold();
    EXPECT_FALSE(calls.release());
    static_cast<void>(add("a"));
    EXPECT_FALSE(calls.release());
}

TEST_F(PostedCallsTest, ThoseThatRanWhileHeldAreNotWokenForAgain) {
    calls.hold();
    static_cast<void>(add("a"));
    calls.run();
    EXPECT_FALSE(calls.release());
    EXPECT_EQ(add("b"), PostedCalls::Wake::now);
}

TEST_F(PostedCallsTest, ThoseThatAreRunSoonAnywayWakeNobody) {
    calls.expect_run();
    EXPECT_EQ(add("a"), PostedCalls::Wake::not_needed);
    calls.hold();
    EXPECT_EQ(add("b"), PostedCalls::Wake::not_needed);
    EXPECT_FALSE(calls.release());
    calls.run();
    EXPECT_EQ(called, "ab");
    EXPECT_EQ(add("c"), PostedCalls::Wake::now);
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
