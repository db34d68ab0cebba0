#include "servicekit/mocks/mock_process.hpp"

#include <cerrno>

namespace servicekit::mocks {

MockProcess::MockProcess() {
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

MockProcess::~MockProcess() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockProcess>;
