#include "base/signal_name.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace servicekit {
namespace {

TEST(SignalNameTest, NamesSignalsThatEndProcesses) {
    EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
    EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
    EXPECT_EQ(signal_name(SIGHUP), "SIGHUP");
}

TEST(SignalNameTest, HasNoNameForOtherSignals) {
    EXPECT_EQ(signal_name(0), "a signal");
    EXPECT_EQ(signal_name(SIGRTMIN), "a signal");
}

}  // namespace
}  // namespace servicekit
