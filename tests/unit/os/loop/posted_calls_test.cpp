#include "os/loop/posted_calls.hpp"

#include <gtest/gtest.h>

#include <new>
#include <string>

namespace servicekit::os {
namespace {

class PostedCallsTest : public ::testing::Test {
protected:
    bool add(const std::string& name) {
        return posted.add([this, name] { called += name; });
    }

    LoopCalls calls;
    PostedCalls posted;
    std::string called;
};

TEST_F(PostedCallsTest, OnlyTheFirstOfSeveralWakesAWaitingLoop) {
    EXPECT_TRUE(posted.begin_wait());
    EXPECT_TRUE(add("a"));
    EXPECT_FALSE(add("b"));
    posted.end_wait();
    posted.run(calls);
    EXPECT_EQ(called, "ab");
}

TEST_F(PostedCallsTest, ALoopThatIsNotWaitingIsNotWoken) {
    EXPECT_FALSE(add("a"));
    EXPECT_FALSE(posted.begin_wait());
    EXPECT_FALSE(add("b"));
    posted.run(calls);
    EXPECT_EQ(called, "ab");
    EXPECT_TRUE(posted.begin_wait());
    posted.end_wait();
    EXPECT_FALSE(add("c"));
}

TEST_F(PostedCallsTest, AReportWithoutMemoryDoesNotEndTheLoop) {
    calls.on_failure([](const Error&) { throw std::bad_alloc{}; });
    static_cast<void>(posted.add([] { throw std::bad_alloc{}; }));
    add("last");
    posted.run(calls);
    EXPECT_EQ(called, "last");
}

}  // namespace
}  // namespace servicekit::os
