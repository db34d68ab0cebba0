#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "servicekit/mocks/process_exited.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

/// By default every call succeeds, as seen from the child: process 4711 of root, with one thread.
/// exit_now() throws ProcessExited; an action that replaces this one must throw, too, since exit_now() never returns.
class MockProcess : public os::Process {
public:
    MockProcess();
    ~MockProcess() override;

    MOCK_METHOD(pid_t, id, (), (const, override));
    MOCK_METHOD(uid_t, effective_user, (), (const, override));
    MOCK_METHOD(unsigned, generation, (), (const, noexcept, override));
    MOCK_METHOD(unsigned, thread_count, (), (const, override));
    MOCK_METHOD(Result<void>, ensure_stack, (std::size_t bytes), (override));
    MOCK_METHOD(Result<pid_t>, fork, (), (override));
    MOCK_METHOD(void, adopt_orphans, (), (noexcept, override));
    MOCK_METHOD(Result<int>, wait_for_child, (pid_t child), (override));
    MOCK_METHOD(Result<void>, start_session, (), (override));
    MOCK_METHOD(Result<void>, change_directory, (const std::string& path), (override));
    MOCK_METHOD(Result<std::string>, current_directory, (), (const, override));
    MOCK_METHOD(Result<std::string>, program, (), (const, override));
    MOCK_METHOD(mode_t, set_file_mask, (mode_t mask), (override));
    MOCK_METHOD(Result<std::vector<std::string>>, command_line, (), (const, override));
    MOCK_METHOD(Error, execute, (const std::vector<std::string>& arguments), (override));
    MOCK_METHOD(Error, execute_other, (const std::vector<std::string>& command), (override));
    MOCK_METHOD(std::size_t, descriptor_limit, (), (const, override));
    MOCK_METHOD(Result<void>, kill_after, (std::chrono::milliseconds time), (override));
    MOCK_METHOD(void, spare, (), (noexcept, override));
    MOCK_METHOD(void, exit_now, (int status), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockProcess>;
