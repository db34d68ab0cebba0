#pragma once

#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

/// Thrown by MockProcess and FakeProcess in place of leaving the process, so that a test can catch it.
using os::ProcessExited;

/// The status with which the shell tells of a process that SIGKILL ended.
constexpr int killed_status = 137;

}  // namespace servicekit::mocks
