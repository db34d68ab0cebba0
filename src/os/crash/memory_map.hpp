#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace servicekit::os {

/// The executable mappings in /proc/self/maps, which show to which file an address belongs. In fixed memory, read with
/// system calls only: async-signal-safe. Omits mappings for which there is no room.
class MemoryMap {
public:
    struct Mapping {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        std::uintptr_t base = 0;  ///< where the file's first byte is mapped; 0 if it is not mapped
        std::uint64_t inode = 0;
        std::string_view path = {};  ///< as in /proc: a file, "[vdso]", or nothing
    };

    void read() noexcept;
    /// \returns null if no mapping contains the address.
    [[nodiscard]] const Mapping* find(std::uintptr_t address) const noexcept;
    [[nodiscard]] const Mapping* begin() const noexcept { return mappings_.data(); }
    [[nodiscard]] const Mapping* end() const noexcept { return mappings_.data() + count_; }

private:
    void add_line(std::string_view line) noexcept;
    [[nodiscard]] std::string_view keep(std::string_view path) noexcept;

    std::array<Mapping, 512> mappings_{};
    std::size_t count_ = 0;
    std::array<char, 65536> paths_{};
    std::size_t paths_size_ = 0;
    // From the last line that maps the beginning of a file.
    std::uintptr_t base_ = 0;
    std::uint64_t base_inode_ = 0;
};

/// Copies memory of this process that may be unmapped. \returns false if it is; async-signal-safe
[[nodiscard]] bool read_memory(std::uintptr_t from, void* to, std::size_t size) noexcept;

}  // namespace servicekit::os
