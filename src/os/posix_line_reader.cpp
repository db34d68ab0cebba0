#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "servicekit/os/line_reader.hpp"

namespace servicekit::os {
namespace {

/// What a pipe or a file gives.
class PlainLines final : public LineReader {
public:
    Result<std::optional<std::string>> read_line(const std::string& /*prompt*/) override {
        for (;;) {
            if (const auto end = unread_.find('\n'); end != std::string::npos) {
                std::string line = unread_.substr(0, end);
                unread_.erase(0, end + 1);
                return std::optional{std::move(line)};
            }
            std::array<char, 4096> buffer{};
            const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
            if (count > 0) {
                unread_.append(buffer.data(), static_cast<std::size_t>(count));
            } else if (count == 0) {
                if (unread_.empty()) return std::optional<std::string>{};
                return std::optional{std::exchange(unread_, {})};
            } else if (errno != EINTR) {
                return os_error("read", "stdin", errno);
            }
        }
    }

private:
    std::string unread_;
};

/// libedit's interface of readline(3), looked for when somebody wants to type: no service program needs it to start.
class EditedLines final : public LineReader {
public:
    using Readline = char* (*)(const char*);
    using AddHistory = int (*)(const char*);

    EditedLines(Readline readline, AddHistory add_history) : readline_{readline}, add_history_{add_history} {}

    Result<std::optional<std::string>> read_line(const std::string& prompt) override {
        const std::unique_ptr<char, decltype(&std::free)> line{readline_(prompt.c_str()), &std::free};
        if (!line) return std::optional<std::string>{};
        if (*line.get() != '\0') add_history_(line.get());
        return std::optional{std::string{line.get()}};
    }

private:
    Readline readline_;
    AddHistory add_history_;
};

}  // namespace

std::unique_ptr<LineReader> make_posix_line_reader() {
    if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1)
        if (void* const library = ::dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL); library != nullptr) {
            const auto readline = reinterpret_cast<EditedLines::Readline>(::dlsym(library, "readline"));
            const auto add_history = reinterpret_cast<EditedLines::AddHistory>(::dlsym(library, "add_history"));
            if (readline != nullptr && add_history != nullptr)
                return std::make_unique<EditedLines>(readline, add_history);
        }
    return std::make_unique<PlainLines>();
}

}  // namespace servicekit::os
