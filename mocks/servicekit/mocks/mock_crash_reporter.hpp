#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/crash_reporter.hpp"

namespace servicekit::mocks {

/// By default nothing fails, and nothing crashes.
class MockCrashReporter : public os::CrashReporter {
public:
    MockCrashReporter();
    ~MockCrashReporter() override;

    MOCK_METHOD(Result<void>, install, (const os::CrashPlan& plan), (override));
    MOCK_METHOD(Result<Place>, open_report, (const std::string& path, Keeping keeping, const std::string& otherwise),
                (override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(void, close_report, (), (noexcept, override));
    MOCK_METHOD(void, add_listener, (os::CrashListener & listener), (override));
    MOCK_METHOD(void, guard_this_thread, (), (noexcept, override));
    MOCK_METHOD(void, uninstall, (), (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockCrashReporter>;
