#pragma once

#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

/// Thrown by MockProcess and FakeProcess instead of leaving the process, so that a test can catch it.
using os::ProcessExited;

/// The status that a shell reports for a process that SIGKILL ended.
constexpr int killed_status = 137;

}  // namespace servicekit::mocks
