#pragma once

#include <gmock/gmock.h>

#include <optional>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::mocks {

/// By default everything succeeds, and lines are discarded.
class MockLog : public LogPolicy {
public:
    MockLog();
    ~MockLog() override;

    MOCK_METHOD(void, configure, (const Deployment& deployment), (override));
    MOCK_METHOD(std::optional<LogCounts>, counts, (), (const, override));
    MOCK_METHOD(Result<void>, open, (), (override));
    MOCK_METHOD(bool, works_in_background, (), (const, override));
    MOCK_METHOD(Result<void>, start, (os::EventLoop & loop), (override));
    MOCK_METHOD(void, stop, (), (noexcept, override));
    MOCK_METHOD(void, write, (const LogRecord& record), (noexcept, override));
    MOCK_METHOD(void, flush, (std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(Result<void>, reopen, (), (override));
    MOCK_METHOD(void, set_level, (LogLevel level), (override));
    MOCK_METHOD(StreamUse, stream_use, (), (const, override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(void, write_at_crash, (std::span<const LogRecord> records), (noexcept, override));
    MOCK_METHOD(void, close, (std::chrono::milliseconds at_most), (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockLog>;
