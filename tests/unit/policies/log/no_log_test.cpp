#include "servicekit/policies/log/no_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/policy_concepts.hpp"

template struct servicekit::CheckLogPolicy<servicekit::NoLog>;

namespace servicekit {
namespace {

using contract::StreamTarget;
using ::testing::_;
using ::testing::NiceMock;
using ::testing::Return;

class NoLogTest : public ::testing::Test {
protected:
    void deploy_in_background(bool background) {
        contract::Deployment deployment;
        deployment.background = background;
        log.configure(deployment);
    }

    NiceMock<mocks::MockStandardStreams> streams;
    NoLog log{{}, streams};
};

TEST_F(NoLogTest, WritesNothingAnywhere) {
    EXPECT_CALL(streams, write).Times(0);
    deploy_in_background(false);
    ASSERT_TRUE(log.open());
    log.write({.time = {}, .level = LogLevel::fatal, .message = "gone"});
    EXPECT_TRUE(log.reopen());
    log.close(std::chrono::milliseconds{0});
}

TEST_F(NoLogTest, LeadsTheStreamsToDevNullInTheBackground) {
    deploy_in_background(true);
    EXPECT_CALL(streams, redirect_to_null(os::Stream::out));
    EXPECT_CALL(streams, redirect_to_null(os::Stream::error));
    EXPECT_TRUE(log.redirect(StreamTarget::log));
}

TEST_F(NoLogTest, LeavesTheStreamsInTheForegroundOrWhereToldTo) {
    EXPECT_CALL(streams, redirect_to_null).Times(0);
    deploy_in_background(false);
    EXPECT_TRUE(log.redirect(StreamTarget::log));
    deploy_in_background(true);
    EXPECT_TRUE(log.redirect(StreamTarget::inherit));
}

TEST_F(NoLogTest, TellsWhyAStreamCannotBeRedirected) {
    deploy_in_background(true);
    EXPECT_CALL(streams, redirect_to_null(_)).WillOnce(Return(Result<void>{os_error("redirect", "/dev/null", EMFILE)}));
    EXPECT_EQ(log.redirect(StreamTarget::log).error().errno_value, EMFILE);
}

}  // namespace
}  // namespace servicekit
