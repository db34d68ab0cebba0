#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

enum class Stream { in = 0, out = 1, error = 2 };

/// "stdin", "stdout" or "stderr"
[[nodiscard]] std::string to_string(Stream stream);

/// A file that a stream is to lead to.
struct StreamFile {
    enum class Opening {
        append,    ///< it is made where it is missing
        truncate,  ///< the same, and what is in it goes
        create,    ///< it must not be there
    };
    std::string path = {};
    mode_t permissions = 0640;  ///< of a file that is made, whatever the umask
    Opening opening = Opening::append;
    bool is_fifo = false;  ///< it is made as one where it is missing
};

struct StreamWriting {
    std::size_t bytes = 0;
    std::optional<Error> failure = {};  ///< why it is not all
};

/// The three standard streams: process-wide.
class StandardStreams {
public:
    virtual ~StandardStreams() = default;
    /// Writes all of it, past any buffer of stdio's, which is flushed first.
    /// An error is dropped: there is nobody left to tell.
    virtual void write(Stream stream, std::string_view text) = 0;
    /// Writes as much as its reader takes within the time. What stdio has buffered stays there; no SIGPIPE is raised, and
    /// the stream stays as blocking as it was for others who share it.
    [[nodiscard]] virtual StreamWriting write_within(Stream stream, std::string_view text,
                                                     std::chrono::milliseconds at_most) = 0;
    /// The same for a process that dies of a signal. Async-signal-safe.
    virtual void write_at_crash(Stream stream, std::string_view text, std::chrono::milliseconds at_most) noexcept = 0;
    /// The rest of stdin. \returns an error with EFBIG if it has more than `max_bytes`
    virtual Result<std::string> read_rest(std::size_t max_bytes) = 0;
    /// Shows the prompt on stderr and reads a line from stdin, a terminal, which does not show what is typed.
    /// INT, TERM and HUP take effect as soon as the terminal is as before.
    /// \returns the line without its end; nothing at the end of the input
    /// \pre the thread is the only one of its process
    virtual Result<std::optional<std::string>> ask_hidden(const std::string& prompt) = 0;
    /// Shows the prompt on stderr and waits until one of the keys is typed on stdin, a terminal; other keys do nothing.
    /// INT, TERM and HUP as for ask_hidden(): the error has EINTR.
    /// \returns nothing at the end of the input
    /// \pre the thread is the only one of its process
    virtual Result<std::optional<char>> ask_key(const std::string& prompt, std::string_view keys) = 0;
    [[nodiscard]] virtual bool is_terminal(Stream stream) const = 0;
    /// Whether what is written to the descriptor comes out where the stream leads to: the same file or terminal.
    [[nodiscard]] virtual bool leads_to(Stream stream, int descriptor) const = 0;
    /// Columns of the terminal; 80 where it can't be told.
    [[nodiscard]] virtual unsigned terminal_width(Stream stream) const = 0;
    /// Opens those that are closed on /dev/null, so that no later open() gets their numbers.
    virtual Result<void> open_closed_ones() = 0;
    virtual Result<void> redirect_to_null(Stream stream) = 0;
    /// dup2(2), after a flush of stdio.
    virtual Result<void> redirect_to(Stream stream, int descriptor) = 0;
    /// Opens it, for reading where the stream is stdin, and leads the stream there. A FIFO is not waited for; while
    /// nobody reads it, it takes what it has room for, and no SIGPIPE is raised. Root takes the path as Files does.
    /// \returns what the file system refused, if the stream leads there all the same: a new file's permissions
    virtual Result<std::optional<Error>> redirect_to_file(Stream stream, const StreamFile& file) = 0;
    /// Gives the file that redirect_to_file() opened to a user, as File::change_owner().
    virtual Result<void> change_owner(Stream stream, uid_t uid, gid_t gid) = 0;
};

[[nodiscard]] StandardStreams& posix_standard_streams();

}  // namespace servicekit::os
