#pragma once

#include <linux/capability.h>
#include <sys/types.h>

#include <memory>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// The user by whose rights root opens files before it becomes that user.
struct FileUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups = {};  ///< supplementary ones
};

/// Names the user that this process becomes; null: none. Process-wide, as the ids themselves are.
void set_file_user(std::shared_ptr<const FileUser> user);
/// \returns null where the process does not become anybody, or is not root.
[[nodiscard]] std::shared_ptr<const FileUser> file_user();

/// Gives the calling thread, and no other, another user's rights to files while it lives: file system ids,
/// supplementary groups, and none of the capabilities that override permissions. It can still change ids.
class FileRights {
public:
    static Result<std::unique_ptr<FileRights>> of(const FileUser& user);
    FileRights(const FileRights&) = delete;
    FileRights& operator=(const FileRights&) = delete;
    ~FileRights();

private:
    FileRights() = default;

    struct CapabilitySets {
        __user_cap_data_struct halves[_LINUX_CAPABILITY_U32S_3]{};
    };
    uid_t uid_ = 0;
    gid_t gid_ = 0;
    std::vector<gid_t> groups_;
    CapabilitySets capabilities_;
};

}  // namespace servicekit::os
