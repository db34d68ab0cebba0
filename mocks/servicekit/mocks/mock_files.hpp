#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/files.hpp"

namespace servicekit::mocks {

/// By default it is an empty regular file that accepts every write.
class MockFile : public os::File {
public:
    MockFile();
    ~MockFile() override;

    MOCK_METHOD(os::Writing, write, (std::string_view bytes), (override));
    MOCK_METHOD(void, write_at_crash, (std::string_view bytes), (noexcept, override));
    MOCK_METHOD(Result<void>, sync, (), (override));
    MOCK_METHOD(Result<std::string>, read_at, (std::uint64_t offset, std::size_t size), (override));
    MOCK_METHOD(Result<os::FileStatus>, status, (), (override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(Result<void>, give_to_group, (gid_t gid), (override));
    MOCK_METHOD(bool, is_own_descriptor, (), (const, override));
    MOCK_METHOD(std::optional<Error>, shortcoming, (), (const, override));
    MOCK_METHOD(int, descriptor, (), (const, override));
};

/// By default every file can be opened and is empty, but status() finds none.
class MockFiles : public os::Files {
public:
    MockFiles();
    ~MockFiles() override;

    MOCK_METHOD(Result<std::string>, read, (const std::string& path, std::size_t max_bytes), (override));
    MOCK_METHOD(Result<std::unique_ptr<os::File>>, open_for_reading, (const std::string& path, os::Links links),
                (override));
    MOCK_METHOD(Result<std::unique_ptr<os::File>>, open_for_appending, (const std::string& path, mode_t permissions),
                (override));
    MOCK_METHOD(Result<std::optional<os::FileStatus>>, status, (const std::string& path, os::Links links), (override));
    MOCK_METHOD(Result<std::string>, link_target, (const std::string& path), (override));
    MOCK_METHOD(Result<void>, create_directories, (const std::string& path, mode_t permissions), (override));
    MOCK_METHOD(Result<void>, remove, (const std::string& path), (override));
    MOCK_METHOD(Result<void>, rename, (const std::string& from, const std::string& to), (override));
    MOCK_METHOD(Result<std::vector<std::string>>, list, (const std::string& directory), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockFile>;
extern template class ::testing::NiceMock<servicekit::mocks::MockFiles>;
