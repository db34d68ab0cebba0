#pragma once

#include <span>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Descriptors that the process was started with. Files that the program itself opens are never among them, even if a
/// constructor opens them before main().
class InheritedDescriptors {
public:
    virtual ~InheritedDescriptors() = default;
    /// Takes over a descriptor, so that exec(2) closes it.
    /// \returns an error if it is not open for writing, or if the program itself has opened it
    virtual Result<void> claim_for_writing(int descriptor) = 0;
    /// Writes the text and closes the descriptor, also after an error. Waits at most one second for a slow reader. Does
    /// not raise SIGPIPE.
    virtual Result<void> write_and_close(int descriptor, std::string_view text) = 0;
    /// Closes a descriptor that was claimed.
    virtual void close(int descriptor) noexcept = 0;
    /// Closes all of them, except 0 to 2 and those in `keep`. A file that the program has opened under the number of
    /// one stays open.
    virtual Result<void> close_all_but(std::span<const int> keep) = 0;
};

/// Returns the real implementation.
[[nodiscard]] InheritedDescriptors& posix_inherited_descriptors();

}  // namespace servicekit::os
