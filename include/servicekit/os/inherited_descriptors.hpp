#pragma once

#include <span>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Descriptors that the process was started with. A file that the program opens itself is never one of them, not even one
/// that a constructor of the program's opens before main().
class InheritedDescriptors {
public:
    virtual ~InheritedDescriptors() = default;
    /// Takes it over: from here on exec(2) closes it.
    /// \returns an error if it is not open for writing, or if the program has opened it itself.
    virtual Result<void> claim_for_writing(int descriptor) = 0;
    /// Writes the text, waiting a second at most for a reader that does not keep up, and closes the descriptor, also
    /// where that failed. Raises no SIGPIPE.
    virtual Result<void> write_and_close(int descriptor, std::string_view text) = 0;
    virtual void close(int descriptor) noexcept = 0;
    /// Closes all of them, except 0 to 2 and those in `keep`. What the program has put in the place of one stays open.
    virtual Result<void> close_all_but(std::span<const int> keep) = 0;
};

[[nodiscard]] InheritedDescriptors& posix_inherited_descriptors();

}  // namespace servicekit::os
