#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A file or directory that a process may still write when its writing is confined.
struct WritablePath {
    /// What the process may do with the path and everything below it.
    enum class Use {
        everything,     ///< write, create, rename and remove anything
        regular_files,  ///< write, create, rename and remove regular files: a log and its rotated files
        removal,        ///< remove files
    };
    std::string path;             ///< the file or directory
    Use use = Use::everything;    ///< what stays possible
    bool may_be_missing = false;  ///< skip the path if it does not exist
};

/// How far the kernel supports a confinement.
struct WriteConfinement {
    /// How much of the requested confinement is in force.
    enum class Extent { whole, partial, none };
    Extent extent = Extent::whole;  ///< how much is in force
    std::string gap = {};           ///< what is not confined, in words; empty if nothing is missing
};

/// Limits that a process can set for itself. They cannot be undone.
class Confinement {
public:
    /// What can be limited.
    enum class Resource {
        core_size,   ///< bytes of a core file
        open_files,  ///< descriptors
    };

    virtual ~Confinement() = default;
    /// Limits the whole process and its later children. Only root can raise the limit again.
    /// \param at_most the limit; nothing for no limit
    virtual Result<void> limit(Resource resource, std::optional<std::uint64_t> at_most) = 0;
    /// Allows core dumps. By default the kernel writes no core of a process that has become another user, because the
    /// core could contain root's secrets.
    virtual Result<void> allow_core_dumps() = 0;
    /// Prevents programs that the process runs from gaining privileges by a set-user-id bit or capabilities, prctl(2).
    /// \pre the process has one thread; other threads would keep what they have
    virtual Result<void> forbid_new_privileges() = 0;
    /// Allows writing only to `paths`, landlock(7). Reading, and files that are already open, are not affected.
    /// \pre the process has one thread, and new privileges are forbidden
    /// \returns how far the kernel supports it; an error if a supported step failed, or a path does not exist
    virtual Result<WriteConfinement> confine_writing(std::span<const WritablePath> paths) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Confinement& posix_confinement();

}  // namespace servicekit::os
