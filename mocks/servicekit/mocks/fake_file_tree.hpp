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

/// A file, directory, symbolic link or socket in memory: what an inode is on a disk.
struct FakeNode {
    os::FileType type = os::FileType::regular;
    mode_t permissions = 0644;
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t inode = 0;
    std::chrono::system_clock::time_point modified = {};            ///< never, unless a test says so
    std::uint64_t links = 1;                                        ///< 0 once it was removed
    std::string content = {};                                       ///< of a regular file
    std::string target = {};                                        ///< of a symbolic link
    std::map<std::string, std::shared_ptr<FakeNode>> entries = {};  ///< of a directory

    [[nodiscard]] os::FileStatus status() const;
};

/// A tree of files in memory, with permissions as path_resolution(7) has them: what the fakes that know paths share.
/// Functions that can fail return an errno, 0 for success. Relative paths start at the root.
class FakeFileTree {
public:
    using Node = std::shared_ptr<FakeNode>;

    /// Where a path leads.
    struct Place {
        int errno_value = 0;       ///< why it leads nowhere; a missing last step is no such reason
        Node directory = nullptr;  ///< where the last step is, or could be made
        std::string name = {};     ///< of the last step
        Node node = nullptr;       ///< null where there is none
    };

    enum class Access : mode_t { read = 4, write = 2, search = 1 };

    FakeFileTree();

    /// On whose behalf all the others are called; root at first. For the process that calls this.
    void act_as(Peer caller) { callers_.own() = std::move(caller); }
    [[nodiscard]] const Peer& caller() const { return callers_.own(); }

    [[nodiscard]] Place find(const std::string& path, os::Links links) const { return find(caller(), path, links); }
    [[nodiscard]] Place find(const Peer& who, const std::string& path, os::Links links) const;
    /// The node at a path, links followed, whatever the permissions say; null where there is none.
    [[nodiscard]] Node peek(const std::string& path) const;
    [[nodiscard]] bool may(const Peer& who, const FakeNode& node, Access access) const;
    [[nodiscard]] bool may(const FakeNode& node, Access access) const { return may(caller(), node, access); }

    /// Makes a node at a place that has none, and sets its `node`.
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
