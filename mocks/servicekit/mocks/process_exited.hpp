#pragma once

namespace servicekit::mocks {

/// Thrown by MockProcess and FakeProcess in place of leaving the process, so that a test can catch it.
/// On purpose no std::exception: what catches those must not take the end of the process for a failure.
struct ProcessExited {
    int status = 0;
};

}  // namespace servicekit::mocks
