#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace servicekit {

/// RapidJSON's Allocator concept. RapidJSON does not check what its own allocator returns, and would write to a null
/// pointer. This one throws std::bad_alloc.
class ThrowingAllocator {
public:
    // NOLINTBEGIN(readability-identifier-naming): RapidJSON's Allocator concept requires these names

    static constexpr bool kNeedFree = true;

    [[nodiscard]] static void* Malloc(std::size_t size) { return size == 0 ? nullptr : checked(std::malloc(size)); }

    /// Keeps the memory at `original` if it throws.
    [[nodiscard]] static void* Realloc(void* original, std::size_t /*original_size*/, std::size_t size) {
        if (size != 0) return checked(std::realloc(original, size));
        Free(original);
        return nullptr;
    }

    static void Free(void* memory) noexcept { std::free(memory); }

    // NOLINTEND(readability-identifier-naming)

private:
    static void* checked(void* memory) {
        if (memory == nullptr) throw std::bad_alloc{};
        return memory;
    }
};

}  // namespace servicekit
