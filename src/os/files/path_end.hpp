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

/// Whether a symbolic link at the end of a path is followed, or is what the path means.
enum class LastLink { follow, keep };

/// Where a path ends: an open directory and a name in it, for functions such as openat(2).
///
/// Root looks at every directory on the way. As long as each of them can be changed by root alone, symbolic links are
/// followed. From the first one that somebody else can change, none is: that user may have put it there, or put a link in
/// the place of a directory. What such a path leads to may be written only where refusal() has nothing to say.
/// A process that is not root takes every path as the kernel does.
class PathEnd {
public:
    /// \param action what an error is about
    /// \param also besides root, the user who may change a directory
    static Result<PathEnd> find(const std::string& action, const std::string& path, LastLink last,
                                std::optional<uid_t> also = std::nullopt);
    /// As the kernel finds it.
    static PathEnd unchecked(const std::string& path, LastLink last);

    [[nodiscard]] int directory() const noexcept { return directory_ ? directory_.get() : AT_FDCWD; }
    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    /// O_NOFOLLOW where the kernel must not follow a link that it finds here.
    [[nodiscard]] int no_follow() const noexcept { return kernel_follows_ ? 0 : O_NOFOLLOW; }
    /// Whether nobody but the users in question can have changed where the path leads.
    [[nodiscard]] bool is_trusted() const noexcept { return !doubt_; }
    /// The user by whose rights root goes on from here, if it is not by its own.
    [[nodiscard]] std::optional<uid_t> on_behalf_of() const noexcept {
        return users_.size() > 1 ? std::optional{users_.back()} : std::nullopt;
    }
    /// Whether the files of this directory get its group, as its set-group-id bit says.
    [[nodiscard]] bool gives_its_group() const noexcept;
    /// The descriptor of this process that the path is another name of, such as 1 for /dev/stdout.
    [[nodiscard]] std::optional<int> own_descriptor() const noexcept { return own_descriptor_; }

    /// Why a file that was found here must not be written; nothing where it may.
    [[nodiscard]] std::optional<Error> refusal(const std::string& action, const std::string& path,
                                               const struct stat& file) const;

private:
    /// Who else can change a directory on the way.
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
    std::vector<uid_t> users_;  ///< those who may change it, and own files in it
    std::optional<int> own_descriptor_;
};

/// Calls `attempt` with the end of the path: a function of `const PathEnd&` that returns a Result.
///
/// Where root is about to become another user, and somebody else than root can change the path, it is that user's rights
/// that count, and the links of that user. What the user may not open, root opens, by root's own rules.
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
