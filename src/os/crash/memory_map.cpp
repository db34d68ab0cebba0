#include "os/crash/memory_map.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

std::uint64_t take_number(std::string_view& text, unsigned base) noexcept {
    std::uint64_t value = 0;
    for (; !text.empty(); text.remove_prefix(1)) {
        const char c = text.front();
        unsigned digit = base;
        if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
        if (digit >= base) break;
        value = value * base + digit;
    }
    return value;
}

void skip(std::string_view& text, char what) noexcept {
    while (!text.empty() && text.front() == what) text.remove_prefix(1);
}

void skip_word(std::string_view& text) noexcept {
    while (!text.empty() && text.front() != ' ') text.remove_prefix(1);
    skip(text, ' ');
}

}  // namespace

void MemoryMap::read() noexcept {
    count_ = 0;
    paths_size_ = 0;
    base_ = 0;
    base_inode_ = 0;
    const int file = open_uninterrupted("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    std::array<char, 4096 + 256> buffer;  // a path has at most 4,096 bytes
    std::size_t size = 0;
    for (;;) {
        const ssize_t got = ::read(file, buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
        std::string_view text{buffer.data(), size};
        for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
            add_line(text.substr(0, end));
            text.remove_prefix(end + 1);
        }
        // Drops a line that is longer than the buffer.
        if (text.size() == buffer.size()) text = {};
        std::memmove(buffer.data(), text.data(), text.size());
        size = text.size();
    }
    ::close(file);
}

// "55d0c0a00000-55d0c0a02000 r-xp 00002000 fd:01 1234 /usr/bin/x"
void MemoryMap::add_line(std::string_view line) noexcept {
    Mapping mapping;
    mapping.begin = take_number(line, 16);
    skip(line, '-');
    mapping.end = take_number(line, 16);
    skip(line, ' ');
    const bool is_executable = line.size() > 2 && line[2] == 'x';
    skip_word(line);
    const std::uint64_t offset = take_number(line, 16);
    skip(line, ' ');
    skip_word(line);
    mapping.inode = take_number(line, 10);
    skip(line, ' ');
    if (offset == 0 && (mapping.inode != base_inode_ || mapping.inode == 0)) {
        base_ = mapping.begin;
        base_inode_ = mapping.inode;
    }
    if (!is_executable || count_ == mappings_.size()) return;
    mapping.base = mapping.inode == base_inode_ ? base_ : 0;
    mapping.path = keep(line);
    mappings_[count_++] = mapping;
}

std::string_view MemoryMap::keep(std::string_view path) noexcept {
    // NUL-terminated, for system calls.
    if (path.size() + 1 > paths_.size() - paths_size_) return {};
    char* const kept = paths_.data() + paths_size_;
    path.copy(kept, path.size());
    kept[path.size()] = '\0';
    paths_size_ += path.size() + 1;
    return {kept, path.size()};
}

const MemoryMap::Mapping* MemoryMap::find(std::uintptr_t address) const noexcept {
    for (const Mapping& mapping : *this)
        if (address >= mapping.begin && address < mapping.end) return &mapping;
    return nullptr;
}

bool read_memory(std::uintptr_t from, void* to, std::size_t size) noexcept {
    const iovec local{.iov_base = to, .iov_len = size};
    const iovec remote{.iov_base = reinterpret_cast<void*>(from), .iov_len = size};
    return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace servicekit::os
