#include "os/crash/elf_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Segment = ElfW(Phdr);
using SymbolEntry = ElfW(Sym);

constexpr unsigned char own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

// ELF32_ST_TYPE() and ELF64_ST_TYPE() are the same.
bool is_function(const SymbolEntry& symbol) {
    const unsigned type = symbol.st_info & 0xfU;
    return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF;
}

}  // namespace

template <class T>
const T* ElfFile::at(std::uint64_t offset, std::uint64_t count) const noexcept {
    if (offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0) return nullptr;
    return reinterpret_cast<const T*>(bytes_ + offset);
}

bool ElfFile::open(const char* path, std::uint64_t inode) noexcept {
    close();
    const int file = open_uninterrupted(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return false;
    struct stat status {};
    const bool is_it = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == inode &&
                       status.st_size >= static_cast<off_t>(sizeof(Header));
    if (is_it) {
        void* const mapped = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
        if (mapped != MAP_FAILED) {
            bytes_ = static_cast<const char*>(mapped);
            size_ = static_cast<std::uint64_t>(status.st_size);
        }
    }
    ::close(file);
    if (bytes_ == nullptr) return false;
    const Header* const header = at<Header>(0);
    if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != own_class) {
        close();
        return false;
    }
    find_first_address();
    return true;
}

void ElfFile::close() noexcept {
    if (bytes_ != nullptr) ::munmap(const_cast<char*>(bytes_), size_);
    bytes_ = nullptr;
    size_ = 0;
    first_address_ = 0;
}

void ElfFile::find_first_address() noexcept {
    const Header* const header = at<Header>(0);
    const Segment* const segments = at<Segment>(header->e_phoff, header->e_phnum);
    if (segments == nullptr || header->e_phentsize != sizeof(Segment)) return;
    for (unsigned i = 0; i < header->e_phnum; ++i)
        if (segments[i].p_type == PT_LOAD) {
            first_address_ = segments[i].p_vaddr - segments[i].p_offset;
            return;
        }
}

ElfFile::Symbol ElfFile::symbol_at(std::uint64_t address) const noexcept {
    if (bytes_ == nullptr) return {};
    const Symbol found = find_in(SHT_SYMTAB, address);
    return found.name.empty() ? find_in(SHT_DYNSYM, address) : found;
}

ElfFile::Symbol ElfFile::find_in(std::uint32_t section_type, std::uint64_t address) const noexcept {
    const Header* const header = at<Header>(0);
    const Section* const sections = at<Section>(header->e_shoff, header->e_shnum);
    if (sections == nullptr || header->e_shentsize != sizeof(Section)) return {};
    for (unsigned i = 0; i < header->e_shnum; ++i) {
        const Section& section = sections[i];
        if (section.sh_type != section_type || section.sh_link >= header->e_shnum) continue;
        const std::uint64_t count = section.sh_size / sizeof(SymbolEntry);
        const SymbolEntry* const symbols = at<SymbolEntry>(section.sh_offset, count);
        if (symbols == nullptr) continue;
        const Section& names = sections[section.sh_link];
        for (std::uint64_t n = 0; n < count; ++n) {
            const SymbolEntry& symbol = symbols[n];
            if (!is_function(symbol) || address < symbol.st_value) continue;
            // Some functions written in assembly have size 0. For these the address must match exactly.
            const std::uint64_t offset = address - symbol.st_value;
            if (offset < symbol.st_size || (symbol.st_size == 0 && offset == 0))
                return {name_at(names.sh_offset, names.sh_size, symbol.st_name), offset};
        }
    }
    return {};
}

std::string_view ElfFile::name_at(std::uint64_t table, std::uint64_t table_size, std::uint64_t name) const noexcept {
    const char* const names = at<char>(table, table_size);
    if (names == nullptr || name >= table_size) return {};
    const void* const end = std::memchr(names + name, '\0', table_size - name);
    if (end == nullptr) return {};
    return {names + name, static_cast<std::size_t>(static_cast<const char*>(end) - (names + name))};
}

}  // namespace servicekit::os
