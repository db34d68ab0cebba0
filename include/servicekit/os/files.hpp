#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/writing.hpp"

namespace servicekit::os {

/// The type of a file.
enum class FileType { regular, directory, symlink, socket, other };

/// The fields of stat(2) that a service needs.
struct FileStatus {
    FileType type = FileType::regular;                    ///< of the file, or of the link if links are not followed
    mode_t permissions = 0;                               ///< the lower twelve bits
    uid_t uid = 0;                                        ///< the owner
    gid_t gid = 0;                                        ///< the group
    std::uint64_t size = 0;                               ///< in bytes
    std::uint64_t device = 0;                             ///< identifies the file, together with `inode`
    std::uint64_t inode = 0;                              ///< identifies the file, together with `device`
    std::chrono::system_clock::time_point modified = {};  ///< when the content changed last
    std::uint64_t links = 1;                              ///< number of names; 0: the file was removed and is only open

    /// \returns true if both are the same file, whatever their paths.
    [[nodiscard]] bool is_same_file(const FileStatus& other) const noexcept {
        return device == other.device && inode == other.inode;
    }
};

/// An open file. It is close-on-exec and is closed when destroyed.
class File {
public:
    virtual ~File() = default;
    /// Writes all bytes, unless an error occurs.
    virtual Writing write(std::string_view bytes) = 0;
    /// Does the same for a process that is about to die of a signal. Async-signal-safe. Errors are ignored.
    virtual void write_at_crash(std::string_view bytes) noexcept = 0;
    /// Calls fdatasync(2).
    virtual Result<void> sync() = 0;
    /// Reads up to `size` bytes from `offset`; fewer only at the end of the file.
    virtual Result<std::string> read_at(std::uint64_t offset, std::size_t size) = 0;
    /// Calls fstat(2).
    virtual Result<FileStatus> status() = 0;
    /// Gives the file to the user that the process is about to become. The group becomes `gid` only if the file was
    /// created when it was opened and did not get its group from its directory; any other group stays. Does nothing if
    /// the file was opened with the rights of that user, or is a descriptor of the process itself.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// Changes the group. Does nothing for a descriptor of the process itself.
    virtual Result<void> give_to_group(gid_t gid) = 0;
    /// The descriptor, for redirecting a standard stream to it; -1 for a fake.
    [[nodiscard]] virtual int descriptor() const = 0;
    /// \returns true if it is a copy of a descriptor that the process had, such as that of /dev/stdout. Opening the
    ///          same name again may give another file.
    [[nodiscard]] virtual bool is_own_descriptor() const { return false; }
    /// What the file system refused when the file was created, although the file is usable: its permissions.
    [[nodiscard]] virtual std::optional<Error> shortcoming() const { return std::nullopt; }
};

/// What happens if the last step of a path is a symbolic link.
enum class Links { follow, do_not_follow };

/// Returns the descriptor of this process that a path names: /dev/stdin, /dev/stdout, /dev/stderr, or a number in
/// /dev/fd or /proc/self/fd. \returns nothing for any other path
[[nodiscard]] std::optional<int> named_descriptor(std::string_view path) noexcept;

/// \returns true for the errors of file systems that do not keep owners and permissions (vfat, CIFS), and of containers
///          that take these rights from root.
[[nodiscard]] bool is_refused_by_file_system(const Error& error) noexcept;

/// Files and directories by path. The object of an error is the path.
///
/// Root takes care with paths that other users can change. As long as only root can change every directory on the way,
/// a path is resolved as usual. From the first directory that another user can change, open_for_appending(),
/// create_directories(), remove() and rename() do not follow symbolic links, and an existing file is opened only if it
/// is a regular file or a FIFO of root with one name. Otherwise the error is ExitCode::permission, and its reason names
/// the user and the directory. If root is about to become another user (Users::prepare), it first tries to open such a
/// path with the rights of that user, and then follows that user's links. A process opens its own descriptors by name
/// without these checks.
class Files {
public:
    virtual ~Files() = default;
    /// Reads the whole file. Waits for the first writer of a FIFO. \returns EFBIG if it has more than `max_bytes`
    virtual Result<std::string> read(const std::string& path, std::size_t max_bytes) = 0;
    /// Opens a file. With Links::do_not_follow, the path is checked as in open_for_appending().
    virtual Result<std::unique_ptr<File>> open_for_reading(const std::string& path, Links links = Links::follow) = 0;
    /// Opens for writing at the end, and creates the file if it does not exist. A new file gets `permissions`, whatever
    /// the umask; if the file system does not support them, the file's shortcoming() reports that. A path that names a
    /// descriptor of this process opens a copy of the descriptor, whatever it is.
    virtual Result<std::unique_ptr<File>> open_for_appending(const std::string& path, mode_t permissions) = 0;
    /// \returns nothing if the file does not exist
    virtual Result<std::optional<FileStatus>> status(const std::string& path, Links links) = 0;
    /// The content of a symbolic link.
    virtual Result<std::string> link_target(const std::string& path) = 0;
    /// Creates the directory and those above it. Existing directories are not changed.
    virtual Result<void> create_directories(const std::string& path, mode_t permissions) = 0;
    /// Removes a file or a symbolic link with unlink(2).
    virtual Result<void> remove(const std::string& path) = 0;
    /// Calls rename(2), which replaces an existing file at `to`.
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    /// The names of the entries of a directory, sorted.
    virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Files& posix_files();

}  // namespace servicekit::os
