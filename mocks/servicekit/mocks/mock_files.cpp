#include "servicekit/mocks/mock_files.hpp"

#include <cerrno>

namespace servicekit::mocks {

MockFile::MockFile() {
    ON_CALL(*this, write).WillByDefault([](std::string_view bytes) { return os::Writing{bytes.size()}; });
    ON_CALL(*this, read_at).WillByDefault(::testing::Return(Result<std::string>{std::string{}}));
    ON_CALL(*this, status).WillByDefault(::testing::Return(Result<os::FileStatus>{os::FileStatus{}}));
    ON_CALL(*this, descriptor).WillByDefault(::testing::Return(-1));
}

MockFile::~MockFile() = default;

MockFiles::MockFiles() {
    const auto open_file = [] {
        return Result<std::unique_ptr<os::File>>{std::make_unique<::testing::NiceMock<MockFile>>()};
    };
    ON_CALL(*this, read).WillByDefault(::testing::Return(Result<std::string>{std::string{}}));
    ON_CALL(*this, open_for_reading).WillByDefault(open_file);
    ON_CALL(*this, open_for_appending).WillByDefault(open_file);
    ON_CALL(*this, status)
        .WillByDefault(::testing::Return(Result<std::optional<os::FileStatus>>{std::optional<os::FileStatus>{}}));
    ON_CALL(*this, link_target).WillByDefault([](const std::string& path) -> Result<std::string> {
        return os_error("read the link", path, ENOENT);
    });
    ON_CALL(*this, list).WillByDefault([](const std::string&) { return Result{std::vector<std::string>{}}; });
}

MockFiles::~MockFiles() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockFile>;
template class ::testing::NiceMock<servicekit::mocks::MockFiles>;
