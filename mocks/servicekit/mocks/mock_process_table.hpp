#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/process_table.hpp"

namespace servicekit::mocks {

/// By default every process is root's, gets a signal if it is still meant, and ends when waited for.
class MockProcessTable : public os::ProcessTable {
public:
    MockProcessTable();
    ~MockProcessTable() override;

    MOCK_METHOD(std::optional<uid_t>, effective_user_of, (pid_t pid), (const, override));
    MOCK_METHOD(std::optional<os::ProcessUsage>, usage_of, (pid_t pid), (const, override));
    MOCK_METHOD(Result<bool>, signal, (pid_t pid, int signal_number, const std::function<bool()>& still_meant),
                (override));
    MOCK_METHOD(bool, wait_for_end, (pid_t pid, std::chrono::milliseconds at_most), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockProcessTable>;
