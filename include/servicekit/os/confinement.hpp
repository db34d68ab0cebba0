#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A file or directory that a process may go on writing once its writing is confined.
struct WritablePath {
    /// What it may do there, and in all that lies below.
    enum class Use {
        everything,     ///< write, make, rename and remove whatever there is
        regular_files,  ///< write, make, rename and remove regular files: a log and its rotation
        removal,        ///< remove files
    };
    std::string path;
    Use use = Use::everything;
    bool may_be_missing = false;  ///< leave it out where it can't be found
};

/// How much of what was asked the kernel can keep.
struct WriteConfinement {
    enum class Extent { whole, partial, none };
    Extent extent = Extent::whole;
    std::string gap = {};  ///< what is missing, in words; empty where nothing is
};

/// What a process can limit itself to; there is no way back.
class Confinement {
public:
    enum class Resource {
        core_size,   ///< bytes of a core file
        open_files,  ///< descriptors
    };

    virtual ~Confinement() = default;
    /// Of the whole process and its later children, by which neither can be raised again without root.
    /// \param at_most nothing: no limit
    virtual Result<void> limit(Resource resource, std::optional<std::uint64_t> at_most) = 0;
    /// The kernel dumps no core of a process that became another user, since root's secrets may be in it, unless told
    /// that they are not.
    virtual Result<void> allow_core_dumps() = 0;
    /// No program that it runs gains privileges by its set-user-id bit or its capabilities, prctl(2).
    /// \pre one thread, since others would keep what they have
    virtual Result<void> forbid_new_privileges() = 0;
    /// From here on nothing but `paths` can be written, landlock(7). Reading, and what is open already, stay as they are.
    /// \pre one thread; new privileges are forbidden
    /// \returns how much of it the kernel does; an error where it could and did not, or where a path is not there
    virtual Result<WriteConfinement> confine_writing(std::span<const WritablePath> paths) = 0;
};

[[nodiscard]] Confinement& posix_confinement();

}  // namespace servicekit::os
