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

enum class FileType { regular, directory, symlink, socket, other };

/// What stat(2) tells, as far as a service asks.
struct FileStatus {
    FileType type = FileType::regular;
    mode_t permissions = 0;  ///< the lower twelve bits
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t size = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::chrono::system_clock::time_point modified = {};
    std::uint64_t links = 1;  ///< how many names it has; 0: it was removed, and is only open yet

    /// Whether both are the same file, whatever it is called.
    [[nodiscard]] bool is_same_file(const FileStatus& other) const noexcept {
        return device == other.device && inode == other.inode;
    }
};

/// An open file, close-on-exec, closed when destroyed.
class File {
public:
    virtual ~File() = default;
    /// Writes all of it, unless there is an error.
    virtual Writing write(std::string_view bytes) = 0;
    /// The same for a process that is about to die of a signal. Async-signal-safe; an error is dropped.
    virtual void write_at_crash(std::string_view bytes) noexcept = 0;
    /// fdatasync(2)
    virtual Result<void> sync() = 0;
    /// Up to `size` bytes from `offset`; fewer only at the end of the file.
    virtual Result<std::string> read_at(std::uint64_t offset, std::size_t size) = 0;
    virtual Result<FileStatus> status() = 0;
    /// Gives the file to a user, for a process that is about to become that user. The group becomes `gid` only if the
    /// file was made when it was opened, and did not get its group from its directory: any other group stays.
    /// Does nothing if the file was opened with the rights of that user, or is a descriptor of the process itself.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// Changes the group. Does nothing for a descriptor of the process itself.
    virtual Result<void> give_to_group(gid_t gid) = 0;
    /// For redirecting a standard stream into it; -1 where there is none (a fake).
    [[nodiscard]] virtual int descriptor() const = 0;
    /// Whether it is a copy of a descriptor that the process had, as of /dev/stdout: opened again by that name it may be
    /// another file.
    [[nodiscard]] virtual bool is_own_descriptor() const { return false; }
    /// What the file system refused when the file was made, although the file can be used: its permissions.
    [[nodiscard]] virtual std::optional<Error> shortcoming() const { return std::nullopt; }
};

enum class Links { follow, do_not_follow };

/// The descriptor of this process that a path names: /dev/stdin, /dev/stdout, /dev/stderr, and numbers in /dev/fd and
/// /proc/self/fd. \returns nothing for any other path
[[nodiscard]] std::optional<int> named_descriptor(std::string_view path) noexcept;

/// Whether the error is one that file systems give that keep no owners and permissions of their own (vfat, CIFS), as
/// does a container that takes these rights from root.
[[nodiscard]] bool is_refused_by_file_system(const Error& error) noexcept;

/// Files and directories by their paths. Errors carry the path as their object.
///
/// Root is careful with what is not in root's hands alone. As long as every directory on the way can be changed by root
/// only, a path is taken as the kernel takes it. From the first one that somebody else can change, open_for_appending(),
/// create_directories(), remove() and rename() follow no symbolic link, and a file that was there is opened only if it is a
/// regular file or a FIFO of root's with one name. What is refused is an error of ExitCode::permission that says who can
/// change what. Root that is about to become another user (Users::prepare) opens such a path with the rights of that user
/// first, whose own links are followed then. What a process reads by its name is its own affair.
class Files {
public:
    virtual ~Files() = default;
    /// The whole file. \returns an error with EFBIG where it has more than `max_bytes`.
    virtual Result<std::string> read(const std::string& path, std::size_t max_bytes) = 0;
    /// Without following links, a path is looked at as in open_for_appending().
    virtual Result<std::unique_ptr<File>> open_for_reading(const std::string& path, Links links = Links::follow) = 0;
    /// Opens for writing at the end, and creates the file where there is none.
    /// `permissions` are those of a new file, whatever the umask. If the file system does not have them, the file's
    /// shortcoming() says so. A path that names a descriptor of this process gives a copy of that, whatever it is.
    virtual Result<std::unique_ptr<File>> open_for_appending(const std::string& path, mode_t permissions) = 0;
    /// \returns nothing where there is no such file.
    virtual Result<std::optional<FileStatus>> status(const std::string& path, Links links) = 0;
    /// What a symbolic link has in it.
    virtual Result<std::string> link_target(const std::string& path) = 0;
    /// Makes the directory and those above it; one that is there already is left as it is.
    virtual Result<void> create_directories(const std::string& path, mode_t permissions) = 0;
    virtual Result<void> remove(const std::string& path) = 0;
    /// rename(2): takes the place of a file that is at `to` already.
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    /// The names of what is in the directory, sorted.
    virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
};

[[nodiscard]] Files& posix_files();

}  // namespace servicekit::os
