#ifdef SERVICEKIT_HAS_LIBEDIT
#include <dlfcn.h>
#include <histedit.h>
#include <langinfo.h>
#endif
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "os/descriptor.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::os {
namespace {

Error interrupted() { return os_error("read", "stdin", EINTR); }

/// Keeps SIGINT from ending the process, and reports it.
class InterruptKey {
public:
    InterruptKey() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set, &before_);
        signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    InterruptKey(const InterruptKey&) = delete;
    InterruptKey& operator=(const InterruptKey&) = delete;
    ~InterruptKey() {
        take();
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    /// Returns true if Ctrl-C was typed since the last call.
    bool take() {
        bool was_typed = false;
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) was_typed = true;
        return was_typed;
    }
    /// Waits until there is something to read. \returns false if Ctrl-C was typed first
    bool wait_for_input() {
        for (;;) {
            std::array<pollfd, 2> sources{{{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
            if (::poll(sources.data(), sources.size(), -1) < 0 && errno == EINTR) continue;
            if (take()) return false;
            if (sources[0].revents != 0) return true;
        }
    }

private:
    Descriptor signals_;
    sigset_t before_{};
};

/// Reads lines from a pipe or a file.
class PlainLines : public LineReader {
public:
    Result<std::optional<std::string>> read_line(const std::string& /*prompt*/) override {
        for (;;) {
            if (const auto end = unread_.find('\n'); end != std::string::npos) {
                std::string line = unread_.substr(0, end);
                unread_.erase(0, end + 1);
                return std::optional{std::move(line)};
            }
            if (!wait_for_input()) {
                unread_.clear();
                return interrupted();
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
    bool take_interrupt() override { return false; }

protected:
    /// \returns true if there is some input, or may be
    virtual bool wait_for_input() { return true; }

private:
    std::string unread_;
};

/// Writes to the terminal and ignores failures.
void show(std::string_view text) { static_cast<void>(write_whole(STDOUT_FILENO, text)); }

/// Reads lines from a terminal without line editing, except what the terminal itself offers.
class UneditedLines final : public PlainLines {
public:
    Result<std::optional<std::string>> read_line(const std::string& prompt) override {
        show(prompt);
        auto line = PlainLines::read_line(prompt);
        if (!line || !*line) show("\n");
        return line;
    }
    bool take_interrupt() override { return key_.take(); }

private:
    bool wait_for_input() override { return key_.wait_for_input(); }

    InterruptKey key_;
};

#ifdef SERVICEKIT_HAS_LIBEDIT

/// The functions of editline(3). Its readline(3) interface cannot be interrupted.
struct Editline {
    decltype(&::el_init) init = nullptr;
    decltype(&::el_end) end = nullptr;
    decltype(&::el_set) set = nullptr;
    decltype(&::el_gets) gets = nullptr;
    decltype(&::el_resize) resize = nullptr;
    decltype(&::el_source) source = nullptr;
    decltype(&::history_init) history_init = nullptr;
    decltype(&::history_end) history_end = nullptr;
    decltype(&::history) history = nullptr;

    /// Loads the library. It is not linked, so that a program that reads no lines starts without it.
    /// \returns false if it is not installed
    bool load() {
        void* const library = ::dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) return false;
        const auto find = [library](auto& function, const char* name) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
            return function != nullptr;
        };
        return find(init, "el_init") && find(end, "el_end") && find(set, "el_set") && find(gets, "el_gets") &&
               find(resize, "el_resize") && find(source, "el_source") && find(history_init, "history_init") &&
               find(history_end, "history_end") && find(history, "history");
    }
};

class EditedLines final : public LineReader {
public:
    explicit EditedLines(const Editline& library)
        : library_{library},
          line_{library_.init("servicekit", stdin, stdout, stderr)},
          history_{library_.history_init()} {
        HistEvent event{};
        library_.history(history_, &event, H_SETSIZE, 1000);
        library_.set(line_, EL_PROMPT, &show_prompt);
        library_.set(line_, EL_GETCFN, static_cast<el_rfunc_t>(&read_character));
        library_.set(line_, EL_EDITOR, "emacs");
        // Restores the terminal when the process is stopped or ends, and prepares it again when the process continues.
        library_.set(line_, EL_SIGNAL, 1);
        library_.set(line_, EL_HIST, library_.history, history_);
        constexpr std::array<std::pair<const char*, const char*>, 5> keys{{{"\\e[1~", "ed-move-to-beg"},
                                                                           {"\\e[4~", "ed-move-to-end"},
                                                                           {"\\e[3~", "ed-delete-next-char"},
                                                                           {"\\e[H", "ed-move-to-beg"},
                                                                           {"\\e[F", "ed-move-to-end"}}};
        for (const auto& [key, command] : keys)
            library_.set(line_, EL_BIND, key, command, static_cast<const char*>(nullptr));
        library_.source(line_, nullptr);
    }
    EditedLines(const EditedLines&) = delete;
    EditedLines& operator=(const EditedLines&) = delete;
    ~EditedLines() override {
        library_.history_end(history_);
        library_.end(line_);
    }

    Result<std::optional<std::string>> read_line(const std::string& prompt) override {
        reading_now = this;
        prompt_ = prompt;
        was_interrupted_ = false;
        library_.resize(line_);
        // Before the prompt: until this call the terminal itself interprets Ctrl-D, and a user may type at once.
        library_.set(line_, EL_PREP_TERM, 1);
        int count = 0;
        const char* const text = library_.gets(line_, &count);
        if (was_interrupted_ || text == nullptr || count <= 0) {
            show("\n");
            if (was_interrupted_) return interrupted();
            return std::optional<std::string>{};
        }
        std::string line{text, static_cast<std::size_t>(count)};
        if (line.back() == '\n') line.pop_back();
        HistEvent event{};
        if (!line.empty()) library_.history(history_, &event, H_ENTER, line.c_str());
        return std::optional{std::move(line)};
    }
    bool take_interrupt() override { return key_.take(); }

private:
    static char* show_prompt(EditLine* /*line*/) { return reading_now->prompt_.data(); }
    /// \returns 1; 0 at the end of input; -1 if it could not be read
    static int read_character(EditLine* /*line*/, wchar_t* character) { return reading_now->read(*character); }

    int read(wchar_t& character) {
        std::mbstate_t state{};
        for (;;) {
            if (!key_.wait_for_input()) {
                was_interrupted_ = true;
                return -1;
            }
            char byte = 0;
            const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return static_cast<int>(count);
            std::size_t length = std::mbrtowc(&character, &byte, 1, &state);
            if (length == static_cast<std::size_t>(-1)) {
                // Drops the incomplete character before this byte. The byte may begin another one.
                state = {};
                length = std::mbrtowc(&character, &byte, 1, &state);
                if (length == static_cast<std::size_t>(-1)) state = {};
            }
            if (length <= 1) return 1;
        }
    }

    static inline EditedLines* reading_now = nullptr;  ///< the object for which the library reads a line

    Editline library_;
    EditLine* line_;
    History* history_;
    InterruptKey key_;
    std::string prompt_;
    bool was_interrupted_ = false;
};

/// Reads UTF-8 whatever the locale in the environment is: the service accepts nothing else.
void use_utf8() {
    if (std::setlocale(LC_CTYPE, "") != nullptr && std::string_view{::nl_langinfo(CODESET)} == "UTF-8") return;
    std::setlocale(LC_CTYPE, "C.UTF-8");
}

#endif

}  // namespace

std::unique_ptr<LineReader> make_posix_line_reader() {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) return std::make_unique<PlainLines>();
#ifdef SERVICEKIT_HAS_LIBEDIT
    if (Editline library; library.load()) {
        use_utf8();
        return std::make_unique<EditedLines>(library);
    }
#endif
    return std::make_unique<UneditedLines>();
}

}  // namespace servicekit::os
