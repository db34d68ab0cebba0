#pragma once

#include <utility>

#include "os/descriptor.hpp"
#include "os/process/fork_guard.hpp"

namespace servicekit::os {

/// A descriptor that is closed in every child of fork(2).
class GuardedDescriptor {
public:
    explicit GuardedDescriptor(Descriptor descriptor) : descriptor_{std::move(descriptor)} {
        close_in_children(descriptor_.get());
    }
    ~GuardedDescriptor() { forget(descriptor_.get()); }
    GuardedDescriptor(const GuardedDescriptor&) = delete;
    GuardedDescriptor& operator=(const GuardedDescriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return descriptor_.get(); }

private:
    Descriptor descriptor_;
};

}  // namespace servicekit::os
