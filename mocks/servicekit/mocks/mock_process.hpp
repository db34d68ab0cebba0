#pragma once

#include <gmock/gmock.h>

#include <cerrno>
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
    MockProcess() {
        ON_CALL(*this, id).WillByDefault(::testing::Return(4711));
        ON_CALL(*this, effective_user).WillByDefault(::testing::Return(0U));
        ON_CALL(*this, thread_count).WillByDefault(::testing::Return(1U));
        ON_CALL(*this, fork).WillByDefault(::testing::Return(Result<pid_t>{0}));
        ON_CALL(*this, wait_for_child).WillByDefault(::testing::Return(Result<int>{0}));
        ON_CALL(*this, current_directory).WillByDefault(::testing::Return(Result<std::string>{std::string{"/"}}));
        ON_CALL(*this, program).WillByDefault(::testing::Return(Result<std::string>{std::string{"/usr/bin/service"}}));
        ON_CALL(*this, set_file_mask).WillByDefault(::testing::Return(mode_t{022}));
        ON_CALL(*this, command_line)
            .WillByDefault(::testing::Return(Result<std::vector<std::string>>{std::vector<std::string>{"service"}}));
        ON_CALL(*this, execute).WillByDefault(::testing::Return(os_error("execute", "/usr/bin/service", ENOENT)));
        ON_CALL(*this, execute_other).WillByDefault(::testing::Return(os_error("execute", "other", ENOENT)));
        ON_CALL(*this, descriptor_limit).WillByDefault(::testing::Return(std::size_t{1} << 20U));
        ON_CALL(*this, exit_now).WillByDefault([](int status) { throw ProcessExited{status}; });
    }

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
