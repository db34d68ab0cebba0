#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::mocks {

/// A file, directory, symbolic link or socket in memory, like an inode on a disk.
struct FakeNode {
    os::FileType type = os::FileType::regular;
    mode_t permissions = 0644;
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t inode = 0;
    std::chrono::system_clock::time_point modified = {};            ///< never, unless a test sets it
    std::uint64_t links = 1;                                        ///< 0 after it was removed
    std::string content = {};                                       ///< of a regular file
    std::string target = {};                                        ///< of a symbolic link
    std::map<std::string, std::shared_ptr<FakeNode>> entries = {};  ///< of a directory

    [[nodiscard]] os::FileStatus status() const;
};

/// A tree of files in memory, with permissions as in path_resolution(7). All fakes that use paths share it. Functions
/// that can fail return an errno, 0 for success. Relative paths start at the root.
class FakeFileTree {
public:
    using Node = std::shared_ptr<FakeNode>;

    /// The target of a path.
    struct Place {
        int errno_value = 0;       ///< why there is no target; a missing last step is not an error
        Node directory = nullptr;  ///< contains the last step, or could contain it
        std::string name = {};     ///< of the last step
        Node node = nullptr;       ///< null if it does not exist
    };

    enum class Access : mode_t { read = 4, write = 2, search = 1 };

    FakeFileTree();

    /// Sets the user on whose behalf the calling process makes all other calls; root at first.
    void act_as(Peer caller) { callers_.own() = std::move(caller); }
    [[nodiscard]] const Peer& caller() const { return callers_.own(); }

    [[nodiscard]] Place find(const std::string& path, os::Links links) const { return find(caller(), path, links); }
    [[nodiscard]] Place find(const Peer& who, const std::string& path, os::Links links) const;
    /// Returns the node at a path. Follows links and ignores permissions; null if there is none.
    [[nodiscard]] Node peek(const std::string& path) const;
    [[nodiscard]] bool may(const Peer& who, const FakeNode& node, Access access) const;
    [[nodiscard]] bool may(const FakeNode& node, Access access) const { return may(caller(), node, access); }

    /// Creates a node at a place without one, and sets its `node`.
    int create(Place& place, os::FileType type, mode_t permissions);
    /// unlink(2)
    int remove(const Place& place);
    /// rename(2)
    int rename(const std::string& from, const std::string& to);

    /// For FakeOs.
    void forget(FakeTask::Id task) { callers_.forget(task); }

private:
    [[nodiscard]] int refusal_to_change(const FakeNode& directory) const;

    std::uint64_t last_inode_ = 1;
    Node root_;
    PerTask<Peer> callers_{Peer{.pid = 0, .uid = 0, .gid = 0}};
};

}  // namespace servicekit::mocks
