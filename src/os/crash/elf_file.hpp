#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace servicekit::os {

/// Reads the names of functions from a program or a library. Uses only system calls and checks every value that it
/// reads: async-signal-safe. Has no destructor, since it is in memory that is never destroyed: call close().
class ElfFile {
public:
    struct Symbol {
        std::string_view name = {};  ///< as in the symbol table; empty if there is none
        std::uint64_t offset = 0;    ///< into the function
    };

    constexpr ElfFile() noexcept = default;
    ElfFile(const ElfFile&) = delete;
    ElfFile& operator=(const ElfFile&) = delete;

    /// Maps the file. \param path NUL-terminated
    /// \param inode the expected one: another file may have replaced it
    /// \returns true if it is an ELF file for this machine
    bool open(const char* path, std::uint64_t inode) noexcept;
    void close() noexcept;

    /// The address at which the file's first byte was linked. Not 0 for a program with a fixed address.
    [[nodiscard]] std::uint64_t first_address() const noexcept { return first_address_; }
    /// Returns the function that contains an address, as linked.
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
