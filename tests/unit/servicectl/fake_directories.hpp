#pragma once

#include <string>

#include "os/files/directories.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_files.hpp"

namespace servicekit::servicectl {

/// Directories in the tree of FakeFiles, on its disk and for its caller.
class FakeDirectories final : public os::Directories {
public:
    explicit FakeDirectories(mocks::FakeFiles& files) : files_{&files} {}

    Result<os::OpenedDirectory> open_or_make(const std::string& path) override;

    /// The object is the path.
    mocks::FakeFailures failures{"open_or_make", "names",       "make_directory",
                                 "make_file",    "remove_file", "remove_directory"};
    mode_t umask = 022;

private:
    class FakeDirectory;

    mocks::FakeFiles* files_;
};

}  // namespace servicekit::servicectl
