#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// An open directory, to fill it. It stays the same directory, whatever is at its path later, and a name in it is never
/// followed if it is a symbolic link. The umask decides the permissions of what it makes. The object of an error is the
/// path.
class Directory {
public:
    virtual ~Directory() = default;
    /// The names in it, sorted.
    virtual Result<std::vector<std::string>> names() = 0;
    /// Makes a directory in it. \returns an error with EEXIST if something has the name, and ExitCode::permission if
    /// another user has replaced it
    virtual Result<std::unique_ptr<Directory>> make_directory(const std::string& name) = 0;
    /// Makes a file, and returns when its content is on the disk. Its name may not be there yet: after a power failure the
    /// file may be missing, but it is never incomplete. After an error the file does not exist, except if something else
    /// had the name (EEXIST): that stays as it is.
    virtual Result<void> make_file(const std::string& name, std::string_view content) = 0;
    virtual Result<void> remove_file(const std::string& name) = 0;
    /// Removes the directory itself, which must be empty.
    virtual Result<void> remove() = 0;
};

struct OpenedDirectory {
    std::unique_ptr<Directory> directory;
    bool is_new = false;  ///< it was made by this call
};

/// Directories by path. Root takes care with paths that other users can change, as described for Files.
class Directories {
public:
    virtual ~Directories() = default;
    /// Opens a directory, and makes it if nothing is at the path. Those above it must exist. Does not follow a symbolic
    /// link at the last step.
    /// \returns ExitCode::permission if the directory belongs to another user, also if that user has put it there after
    /// this call made one, or if an existing one may be written by all users
    virtual Result<OpenedDirectory> open_or_make(const std::string& path) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Directories& posix_directories();

}  // namespace servicekit::os
