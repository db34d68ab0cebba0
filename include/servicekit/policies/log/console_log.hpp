#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Log policy for services whose output is collected by a container, a supervisor or a terminal.
///
/// On a terminal a line is `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message key=value`, in colour
/// unless NO_COLOR is set. Elsewhere it is one JSON object: `{"time":"2026-11-22T06:10:00.123456Z",
/// "level":"info","service":"just-another-server","pid":4711,"message":"...","key":"value"}`. In both forms one record
/// is one line. In JSON, bytes that are not UTF-8 become U+FFFD.
///
/// A reader that is slow or gone does not block the service. A line waits at most `patience` for it; after a line that
/// waited in vain, the next ones do not wait at all. Lines that cannot be written are dropped and counted. When the
/// stream takes lines again, the first one reports how many were lost and why. The stream's blocking mode is not
/// changed, because other processes may share it.
/// May be moved only before open().
class ConsoleLog final : public LogPolicy {
public:
    /// The stream to write to.
    enum class Target { standard_output, standard_error };
    /// The form of a line. `automatic` is text on a terminal and JSON elsewhere.
    enum class Format { automatic, text, json };

    /// The options. Each has a default.
    struct Options {
        /// The stream to write to. Change it if stdout is for the program's own output.
        Target target = Target::standard_output;
        Format format = Format::automatic;  ///< text on a terminal, JSON elsewhere; `log-format` overrides it
        /// How long a line waits for a slow reader. Raise it to lose fewer lines, at the cost of the threads that log.
        std::chrono::milliseconds patience{200};
    };

    ConsoleLog();
    /// \param host the operating system; tests pass fakes
    explicit ConsoleLog(Options options, const os::Host& host = os::posix_host());
    ConsoleLog(ConsoleLog&& other) noexcept;
    ConsoleLog& operator=(ConsoleLog&& other) noexcept;
    ~ConsoleLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    [[nodiscard]] std::optional<LogCounts> counts() const override;
    Result<void> open() override;
    /// Writes a record. Records before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void set_level(LogLevel level) noexcept override;
    /// The log writes to the streams itself, so they stay unchanged.
    [[nodiscard]] StreamUse stream_use() const noexcept override { return StreamUse::own; }
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
