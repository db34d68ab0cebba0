#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A standard stream. The value is its descriptor.
enum class Stream { in = 0, out = 1, error = 2 };

/// "stdin", "stdout" or "stderr"
[[nodiscard]] std::string to_string(Stream stream);

/// A file for redirecting a stream.
struct StreamFile {
    /// How an existing file is treated.
    enum class Opening {
        append,    ///< the file is created if it does not exist
        truncate,  ///< the same, and its content is removed
        create,    ///< the file must not exist
    };
    std::string path = {};              ///< the file
    mode_t permissions = 0640;          ///< of a new file, whatever the umask
    Opening opening = Opening::append;  ///< how an existing file is treated
    bool is_fifo = false;               ///< a new file is a FIFO
};

/// The result of StandardStreams::write_within().
struct StreamWriting {
    std::size_t bytes = 0;              ///< number of bytes that were written
    std::optional<Error> failure = {};  ///< why not all bytes were written
};

/// The three standard streams. They are process-wide.
class StandardStreams {
public:
    virtual ~StandardStreams() = default;
    /// Flushes stdio and writes all of the text directly. Errors are ignored, because there is nowhere to report them.
    virtual void write(Stream stream, std::string_view text) = 0;
    /// Writes as much as the reader takes within the time. Does not flush stdio and does not raise SIGPIPE. The
    /// blocking mode of the stream is not changed, because other processes may share it.
    [[nodiscard]] virtual StreamWriting write_within(Stream stream, std::string_view text,
                                                     std::chrono::milliseconds at_most) = 0;
    /// Does the same in a process that dies of a signal. Async-signal-safe.
    virtual void write_at_crash(Stream stream, std::string_view text, std::chrono::milliseconds at_most) noexcept = 0;
    /// Reads the rest of stdin. \returns an error with EFBIG if it has more than `max_bytes`
    virtual Result<std::string> read_rest(std::size_t max_bytes) = 0;
    /// Shows the prompt on stderr and reads a line from stdin, which is a terminal, without showing what is typed. INT,
    /// TERM and HUP take effect when the terminal is restored.
    /// \returns the line without its newline; nothing at the end of the input
    /// \pre the thread is the only one of its process
    virtual Result<std::optional<std::string>> ask_hidden(const std::string& prompt) = 0;
    /// Shows the prompt on stderr and waits until one of the keys is typed on stdin, which is a terminal; other keys
    /// are ignored. INT, TERM and HUP work as for ask_hidden(); the error has EINTR.
    /// \returns nothing at the end of the input
    /// \pre the thread is the only one of its process
    virtual Result<std::optional<char>> ask_key(const std::string& prompt, std::string_view keys) = 0;
    /// \returns true if the stream is a terminal.
    [[nodiscard]] virtual bool is_terminal(Stream stream) const = 0;
    /// \returns true if the descriptor and the stream are the same file or terminal.
    [[nodiscard]] virtual bool leads_to(Stream stream, int descriptor) const = 0;
    /// Columns of the terminal; 80 if unknown.
    [[nodiscard]] virtual unsigned terminal_width(Stream stream) const = 0;
    /// Opens closed standard streams on /dev/null, so that no later open() gets their numbers.
    virtual Result<void> open_closed_ones() = 0;
    /// Redirects the stream to /dev/null, after a flush of stdio.
    virtual Result<void> redirect_to_null(Stream stream) = 0;
    /// Redirects the stream with dup2(2), after a flush of stdio.
    virtual Result<void> redirect_to(Stream stream, int descriptor) = 0;
    /// Opens the file, for reading if the stream is stdin, and redirects the stream to it. Opening a FIFO does not wait
    /// for a reader. Without a reader, a FIFO takes what it has room for, and no SIGPIPE is raised. Root checks the
    /// path as Files does.
    /// \returns what the file system refused although the stream is redirected: the permissions of a new file
    virtual Result<std::optional<Error>> redirect_to_file(Stream stream, const StreamFile& file) = 0;
    /// Gives the file that redirect_to_file() opened to a user, as File::change_owner() does.
    virtual Result<void> change_owner(Stream stream, uid_t uid, gid_t gid) = 0;
};

/// Returns the real implementation.
[[nodiscard]] StandardStreams& posix_standard_streams();

}  // namespace servicekit::os
