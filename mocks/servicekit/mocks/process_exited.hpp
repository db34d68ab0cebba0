#pragma once

#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

/// Thrown by MockProcess and FakeProcess in place of leaving the process, so that a test can catch it.
using os::ProcessExited;

}  // namespace servicekit::mocks
