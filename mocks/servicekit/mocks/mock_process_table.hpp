#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/process_table.hpp"

namespace servicekit::mocks {

/// By default every process is root's, gets a signal if it is still meant, and ends when waited for.
class MockProcessTable : public os::ProcessTable {
public:
    MockProcessTable() {
        ON_CALL(*this, effective_user_of).WillByDefault(::testing::Return(std::optional<uid_t>{0U}));
        ON_CALL(*this, signal).WillByDefault([](pid_t, int, const std::function<bool()>& still_meant) {
            return Result<bool>{still_meant()};
        });
        ON_CALL(*this, wait_for_end).WillByDefault(::testing::Return(true));
    }

    MOCK_METHOD(std::optional<uid_t>, effective_user_of, (pid_t pid), (const, override));
    MOCK_METHOD(std::optional<os::ProcessUsage>, usage_of, (pid_t pid), (const, override));
    MOCK_METHOD(Result<bool>, signal, (pid_t pid, int signal_number, const std::function<bool()>& still_meant),
                (override));
    MOCK_METHOD(bool, wait_for_end, (pid_t pid, std::chrono::milliseconds at_most), (override));
};

}  // namespace servicekit::mocks
