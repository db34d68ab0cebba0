#include "servicekit/policies/log/no_log.hpp"

#include <gtest/gtest.h>

namespace servicekit {
namespace {

TEST(NoLogTest, AcceptsEverythingAndKeepsNothing) {
    NoLog log;
    log.configure({});
    ASSERT_TRUE(log.open());
    log.write({.time = {}, .level = LogLevel::fatal, .message = "gone"});
    EXPECT_TRUE(log.reopen());
    log.close(std::chrono::milliseconds{0});
}

TEST(NoLogTest, KeepsNothingOfTheStreams) { EXPECT_EQ(NoLog{}.stream_use(), StreamUse::none); }

}  // namespace
}  // namespace servicekit
