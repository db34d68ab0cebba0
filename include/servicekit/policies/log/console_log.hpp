#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <span>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/log.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/environment.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {

/// Log policy for where somebody else collects what a program prints: a container, a supervisor, a terminal.
///
/// On a terminal a line reads `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message key=value`, with
/// colours unless NO_COLOR is set; elsewhere it is one JSON object: `{"time":"2026-11-22T06:10:00.123456Z",
/// "level":"info","service":"just-another-server","pid":4711,"message":"...","key":"value"}`. Either way one record is one
/// line; in JSON bytes that are no UTF-8 become U+FFFD.
///
/// A reader that does not keep up, or is gone, stops nobody: a line waits `patience` for it at most, and once one was
/// in vain the next do not wait at all; what can't be written is counted, and once a line can be, the one before it
/// says how many were lost and why. The stream stays as blocking as it was, since others may share it.
/// May be moved before open(), and not later.
class ConsoleLog {
public:
    enum class Target { standard_output, standard_error };
    enum class Format { automatic, text, json };

    struct Options {
        Target target = Target::standard_output;
        Format format = Format::automatic;  ///< text on a terminal, JSON elsewhere; the setting goes before it
        std::chrono::milliseconds patience{200};
    };

    ConsoleLog();
    explicit ConsoleLog(Options options, os::StandardStreams& streams = os::posix_standard_streams(),
                        const os::Clock& clock = os::posix_clock(), const os::Process& process = os::posix_process(),
                        const os::Environment& environment = os::posix_environment());
    ConsoleLog(ConsoleLog&& other) noexcept;
    ConsoleLog& operator=(ConsoleLog&& other) noexcept;
    ~ConsoleLog();

    void configure(const contract::Deployment& deployment);
    [[nodiscard]] contract::LogPlan plan() const;
    Result<void> open();
    /// Lines before open() and after close() are dropped.
    void write(const contract::LogRecord& record) noexcept;
    /// There is nothing to open anew.
    Result<void> reopen() { return {}; }
    void set_level(LogLevel level) noexcept;
    /// The streams stay what they are.
    [[nodiscard]] contract::StreamUse stream_use() const noexcept { return contract::StreamUse::own; }
    /// They are open already.
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void write_last_words(std::span<const contract::LogRecord> records) noexcept;
    void close(std::chrono::milliseconds at_most) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
