#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/descriptor.hpp"
#include "os/files/file_rights.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Whether a symbolic link at the end of a path is followed, or is itself what the path means.
enum class LastLink { follow, keep };

/// The end of a path: an open directory and a name in it, for functions such as openat(2).
///
/// Root checks every directory on the way. As long as only root can change each of them, symbolic links are followed.
/// After the first directory that another user can change, links are refused: that user may have put them there, or
/// replaced a directory with one. A file at such a path may be written only if refusal() returns nothing.
/// A process that is not root resolves every path as the kernel does.
class PathEnd {
public:
    /// \param action for the error
    /// \param also a user, besides root, who may change a directory
    static Result<PathEnd> find(const std::string& action, const std::string& path, LastLink last,
                                std::optional<uid_t> also = std::nullopt);
    /// Leaves the path to the kernel.
    static PathEnd unchecked(const std::string& path, LastLink last);

    [[nodiscard]] int directory() const noexcept { return directory_ ? directory_.get() : AT_FDCWD; }
    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    /// O_NOFOLLOW if the kernel must not follow a link at the end.
    [[nodiscard]] int no_follow() const noexcept { return kernel_follows_ ? 0 : O_NOFOLLOW; }
    /// Returns true if only root and `also` can have changed where the path leads.
    [[nodiscard]] bool is_trusted() const noexcept { return !doubt_; }
    /// The user whose rights root uses for this path, if they are not its own.
    [[nodiscard]] std::optional<uid_t> on_behalf_of() const noexcept {
        return users_.size() > 1 ? std::optional{users_.back()} : std::nullopt;
    }
    /// Returns true if new files in this directory get its group, because of its set-group-id bit.
    [[nodiscard]] bool gives_its_group() const noexcept;
    /// The descriptor of this process that the path refers to, such as 1 for /dev/stdout.
    [[nodiscard]] std::optional<int> own_descriptor() const noexcept { return own_descriptor_; }

    /// Returns the reason why the file at the end must not be written; nothing if it may.
    [[nodiscard]] std::optional<Error> refusal(const std::string& action, const std::string& path,
                                               const struct stat& file) const;

private:
    /// Another user that can change a directory on the way.
    struct Doubt {
        std::string who;
        std::string directory;
    };
    class Walk;

    [[nodiscard]] std::string because() const;

    Descriptor directory_;
    std::string name_;
    bool kernel_follows_ = false;
    std::optional<Doubt> doubt_;
    std::vector<uid_t> users_;  ///< users that may change the directories and own files in them
    std::optional<int> own_descriptor_;
};

/// Calls `attempt` with the end of the path: a function of `const PathEnd&` that returns a Result.
///
/// If root is about to become another user, and a user other than root can change the path, `attempt`
/// runs with that user's rights and follows that user's links. If permission is denied, root tries again
/// with its own rights and rules.
template <class Attempt>
auto at_path_end(const std::string& action, const std::string& path, LastLink last, const Attempt& attempt)
    -> decltype(attempt(std::declval<const PathEnd&>())) {
    if (::geteuid() != 0) return attempt(PathEnd::unchecked(path, last));
    const auto end = PathEnd::find(action, path, last);
    if (end && end->is_trusted()) return attempt(*end);
    const auto user = file_user();
    const bool is_refused = end || end.error().exit_code == ExitCode::permission;
    if (user && is_refused) {
        if (const auto rights = FileRights::of(*user)) {
            const auto its_end = PathEnd::find(action, path, last, user->uid);
            if (!its_end && its_end.error().exit_code != ExitCode::permission) return its_end.error();
            if (its_end) {
                auto done = attempt(*its_end);
                if (done || done.error().exit_code != ExitCode::permission) return done;
            }
        }
    }
    if (!end) return end.error();
    return attempt(*end);
}

}  // namespace servicekit::os
