#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace servicekit::os {

/// A program or library, as far as the names of its functions go. Made by system calls alone, and nothing in the file is
/// believed: async-signal-safe. Has no destructor, since it lies in memory that is never destroyed: who opens closes.
class ElfFile {
public:
    struct Symbol {
        std::string_view name = {};  ///< as the linker has it; empty where there is none
        std::uint64_t offset = 0;    ///< into the function
    };

    constexpr ElfFile() noexcept = default;
    ElfFile(const ElfFile&) = delete;
    ElfFile& operator=(const ElfFile&) = delete;

    /// Maps the file. \param path NUL-terminated
    /// \param inode what it must still be: another file may have taken its place
    /// \returns whether it is an ELF file of this machine's kind
    bool open(const char* path, std::uint64_t inode) noexcept;
    void close() noexcept;

    /// The address at which the file's first byte was linked to be: not 0 for a program that is at a fixed place.
    [[nodiscard]] std::uint64_t first_address() const noexcept { return first_address_; }
    /// The function that an address, as linked, is in.
    [[nodiscard]] Symbol symbol_at(std::uint64_t address) const noexcept;

private:
    template <class T>
    [[nodiscard]] const T* at(std::uint64_t offset, std::uint64_t count = 1) const noexcept;
    [[nodiscard]] std::string_view name_at(std::uint64_t table, std::uint64_t table_size,
                                           std::uint64_t name) const noexcept;
    [[nodiscard]] Symbol find_in(std::uint32_t section_type, std::uint64_t address) const noexcept;
    void find_first_address() noexcept;

    const char* bytes_ = nullptr;
    std::uint64_t size_ = 0;
    std::uint64_t first_address_ = 0;
};

}  // namespace servicekit::os
