#include "servicekit/policies/daemon/foreground.hpp"

#include <gtest/gtest.h>

namespace servicekit {
namespace {

TEST(ForegroundTest, HasNoBackground) { EXPECT_FALSE(Foreground{}.has_background()); }

TEST(ForegroundTest, IsTheServiceEvenWhereTheDeploymentAsksForTheBackground) {
    Foreground daemon;
    daemon.configure({.name = "just-another-server",
                      .run_directory = "/run",
                      .pid_file = "/run/x.pid",
                      .control_socket = "/run/x.control",
                      .background = true});
    EXPECT_EQ(daemon.enter().value(), contract::Role::service);
}

}  // namespace
}  // namespace servicekit
