#pragma once

#include <linux/capability.h>
#include <sys/types.h>

#include <memory>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// The user whose rights root uses to open files before it becomes that user.
struct FileUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups = {};  ///< supplementary groups
};

/// Sets the user that this process will become; null if none. Process-wide, as the ids themselves are.
void set_file_user(std::shared_ptr<const FileUser> user);
/// \returns null if the process will not become another user, or is not root.
[[nodiscard]] std::shared_ptr<const FileUser> file_user();

/// Gives the calling thread alone another user's rights to files while it lives: file system ids, supplementary groups,
/// and none of the capabilities that override permissions. The thread can still change ids.
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
