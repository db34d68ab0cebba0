#include "servicekit/mocks/fake_failures.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

TEST(FakeFailuresTest, FailsTheNextCallOnce) {
    FakeFailures failures{"open"};
    failures.fail_next("open", EACCES);
    EXPECT_EQ(failures.due("open", "/a"), EACCES);
    EXPECT_EQ(failures.due("open", "/a"), std::nullopt);
}

TEST(FakeFailuresTest, FailsOnlyCallsAboutTheObject) {
    FakeFailures failures{"open", "write"};
    failures.fail_next("open", EACCES, "/a");
    EXPECT_EQ(failures.due("open", "/b"), std::nullopt);
    EXPECT_EQ(failures.due("write", "/a"), std::nullopt);
    EXPECT_EQ(failures.due("open", "/a"), EACCES);
}

TEST(FakeFailuresTest, FailsSeveralCallsInTurnBeforePermanentFailures) {
    FakeFailures failures{"write"};
    failures.fail_always("write", EIO);
    failures.fail_next("write", ENOSPC);
    failures.fail_next("write", EDQUOT);
    EXPECT_EQ(failures.due("write"), ENOSPC);
    EXPECT_EQ(failures.due("write"), EDQUOT);
    EXPECT_EQ(failures.due("write"), EIO);
    EXPECT_EQ(failures.due("write"), EIO);
    failures.succeed_again("write");
    EXPECT_EQ(failures.due("write"), std::nullopt);
}

TEST(FakeFailuresTest, RefusesUnknownOperations) {
    FakeFailures failures{"open_for_appending"};
    EXPECT_THROW(failures.fail_next("open_for_apending", EACCES), std::invalid_argument);
}

}  // namespace
}  // namespace servicekit::mocks
