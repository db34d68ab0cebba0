#include "servicekit/policies/control/no_control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/mock_control.hpp"
#include "servicekit/mocks/mock_event_loop.hpp"

namespace servicekit {
namespace {

using ::testing::StrictMock;

TEST(NoControlTest, HasNoSocket) {
    StrictMock<mocks::MockRequests> requests;
    StrictMock<mocks::MockEventLoop> loop;
    NoControl control;
    Deployment deployment;
    deployment.control_socket = "/run/a.control";
    control.configure(deployment);
    EXPECT_TRUE(control.open(requests, loop));
    EXPECT_EQ(control.endpoint(), "");
    EXPECT_EQ(control.status_fields(), Object{});
    EXPECT_TRUE(control.change_owner(1000, 1000));
    control.close();
}

}  // namespace
}  // namespace servicekit
