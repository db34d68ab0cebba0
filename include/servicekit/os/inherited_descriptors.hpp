#pragma once

#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Descriptors that whoever started the process left open for it, and told it the numbers of.
class InheritedDescriptors {
public:
    virtual ~InheritedDescriptors() = default;
    /// Takes it over: from here on exec(2) closes it.
    /// \returns an error where it is not open or not open for writing.
    virtual Result<void> claim_for_writing(int descriptor) = 0;
    /// Writes the text, waiting a second at most for a reader that does not keep up, and closes the descriptor, also
    /// where that failed. Raises no SIGPIPE.
    virtual Result<void> write_and_close(int descriptor, std::string_view text) = 0;
    virtual void close(int descriptor) noexcept = 0;
};

[[nodiscard]] InheritedDescriptors& posix_inherited_descriptors();

}  // namespace servicekit::os
