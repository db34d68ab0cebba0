#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace servicekit::os {

/// What of /proc/self/maps helps to tell where an address belongs: the mappings that can be executed. In fixed memory,
/// read by system calls alone: async-signal-safe. What there is no room for is left out.
class MemoryMap {
public:
    struct Mapping {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        std::uintptr_t base = 0;  ///< where the file's first byte is mapped; 0 where it is not
        std::uint64_t inode = 0;
        std::string_view path = {};  ///< as /proc has it: a file, "[vdso]", or nothing
    };

    void read() noexcept;
    /// \returns null for an address that is in none of them.
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
    // Of the line that mapped the beginning of a file last.
    std::uintptr_t base_ = 0;
    std::uint64_t base_inode_ = 0;
};

/// Copies memory of this process, which may not be there. \returns whether it was; async-signal-safe
[[nodiscard]] bool read_memory(std::uintptr_t from, void* to, std::size_t size) noexcept;

}  // namespace servicekit::os
