#include "os/proc_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "base/take_up_to.hpp"
#include "os/descriptor.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

constexpr std::string_view blanks = " \t\n";

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size())); }

}  // namespace

std::optional<std::string> read_proc_file(const std::string& path) {
    const Descriptor file{open_uninterrupted(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) return std::nullopt;
    std::string text;
    std::array<char, 16384> buffer;
    while (true) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count == 0) return text;
        if (count > 0)
            text.append(buffer.data(), static_cast<std::size_t>(count));
        else if (errno != EINTR)
            return std::nullopt;
    }
}

std::optional<std::string_view> proc_line(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::string_view line = take_up_to('\n', text);
        if (!line.starts_with(key)) continue;
        line.remove_prefix(key.size());
        skip_blanks(line);
        return line;
    }
    return std::nullopt;
}

bool is_proc_of_own_namespace() {
    std::array<char, 32> target;
    const ssize_t length = ::readlink("/proc/self", target.data(), target.size());
    return length > 0 &&
           std::string_view{target.data(), static_cast<std::size_t>(length)} == std::to_string(::getpid());
}

std::string_view next_word(std::string_view& text) {
    skip_blanks(text);
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    return word;
}

}  // namespace servicekit::os
