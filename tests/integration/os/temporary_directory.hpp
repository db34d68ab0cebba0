#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace servicekit::os::test {

/// A directory for the files of one test. The destructor removes it and all files in it.
class TemporaryDirectory {
public:
    TemporaryDirectory() : path_{(parent() / "servicekit-XXXXXX").string()} {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"cannot make a temporary directory"};
        // For tests that access it as another user.
        std::filesystem::permissions(path_, std::filesystem::perms{0755});
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    /// Returns the system's temporary directory. In a longer path, a socket's path would exceed its limit of 107 bytes.
    static std::filesystem::path parent() {
        auto usual = std::filesystem::temp_directory_path();
        return usual.native().size() <= 40 ? usual : "/tmp";
    }

    std::string path_;
};

}  // namespace servicekit::os::test
