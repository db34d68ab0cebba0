#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_file_tree.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::mocks {

/// Files and directories in memory, with owners, permissions, a disk that may be full, and failures on demand. At first
/// only the root directory exists, and the caller is root. The functions that set the scene or inspect it ignore
/// permissions, follow links, and throw std::runtime_error on failure.
class FakeFiles final : public os::Files {
public:
    Result<std::string> read(const std::string& path, std::size_t max_bytes) override;
    Result<std::unique_ptr<os::File>> open_for_reading(const std::string& path,
                                                       os::Links links = os::Links::follow) override;
    Result<std::unique_ptr<os::File>> open_for_appending(const std::string& path, mode_t permissions) override;
    Result<std::optional<os::FileStatus>> status(const std::string& path, os::Links links) override;
    Result<std::string> link_target(const std::string& path) override;
    Result<void> create_directories(const std::string& path, mode_t permissions) override;
    Result<void> remove(const std::string& path) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;

    /// Failures of the functions of os::Files and os::File, by their names; the object is the path. "set_permissions"
    /// is applied to a new file; its failure is only a shortcoming.
    FakeFailures failures{"read",
                          "open_for_reading",
                          "open_for_appending",
                          "status",
                          "link_target",
                          "create_directories",
                          "remove",
                          "rename",
                          "list",
                          "write",
                          "sync",
                          "read_at",
                          "change_owner",
                          "give_to_group",
                          "set_permissions"};

    /// These also create the directories above.
    void add_directory(const std::string& path, mode_t permissions = 0755);
    void add_file(const std::string& path, std::string content = {}, mode_t permissions = 0644);
    void add_link(const std::string& path, std::string target);
    /// Adds a file that is not regular, a directory, a link or a socket, for example a FIFO.
    void add_other(const std::string& path);
    void set_owner(const std::string& path, uid_t uid, gid_t gid);
    void set_permissions(const std::string& path, mode_t permissions);
    void set_modified(const std::string& path, std::chrono::system_clock::time_point time);
    /// Renames a file like logrotate: a process that has it open continues to write to it.
    void move_away(const std::string& from, const std::string& to);
    /// Removes a file, regardless of its owner.
    void take_away(const std::string& path);

    [[nodiscard]] bool exists(const std::string& path) const { return tree_.peek(path) != nullptr; }
    /// For a path that names a descriptor, such as /dev/stdout, returns what was written there.
    [[nodiscard]] std::string content(const std::string& path) const;
    [[nodiscard]] os::FileStatus status_of(const std::string& path) const;
    /// Returns the names in a directory, sorted.
    [[nodiscard]] std::vector<std::string> names_in(const std::string& directory) const;
    /// Returns the path of the file with this descriptor; empty for any other number.
    [[nodiscard]] std::string path_of(int descriptor) const;
    [[nodiscard]] std::size_t open_files() const noexcept { return open_paths_.size(); }

    /// Sets the free space of the disk. A write beyond that writes what fits, and fails with ENOSPC.
    void set_space(std::optional<std::size_t> bytes) noexcept { space_ = bytes; }
    /// Sets the caller.
    void act_as(Peer caller) { tree_.act_as(std::move(caller)); }

    /// Uses up to `bytes` of the free space. \returns the number of bytes used
    std::size_t take_space(std::size_t bytes) noexcept;

    /// For the other fakes that use paths.
    [[nodiscard]] FakeFileTree& tree() noexcept { return tree_; }

private:
    class FakeFile;

    [[nodiscard]] Result<FakeFileTree::Node> find_to_read(const std::string& path, os::Links links);
    std::unique_ptr<os::File> open(const std::string& path, FakeFileTree::Node node, FakeFileTree::Access access);
    FakeFileTree::Node add(const std::string& path, os::FileType type, mode_t permissions);
    [[nodiscard]] FakeFileTree::Node known(const std::string& path) const;

    FakeFileTree tree_;
    std::optional<std::size_t> space_;
    std::map<int, std::string> open_paths_;
    std::map<int, FakeFileTree::Node> own_descriptors_;  ///< what was written to descriptors that a path names
    int next_descriptor_ = 1000;                         // far from those of a FakeReactor
};

}  // namespace servicekit::mocks
