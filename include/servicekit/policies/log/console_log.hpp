#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <span>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

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
class ConsoleLog final : public LogPolicy {
public:
    enum class Target { standard_output, standard_error };
    enum class Format { automatic, text, json };

    struct Options {
        Target target = Target::standard_output;
        Format format = Format::automatic;  ///< text on a terminal, JSON elsewhere; the setting goes before it
        std::chrono::milliseconds patience{200};
    };

    ConsoleLog();
    explicit ConsoleLog(Options options, const os::Host& host = os::posix_host());
    ConsoleLog(ConsoleLog&& other) noexcept;
    ConsoleLog& operator=(ConsoleLog&& other) noexcept;
    ~ConsoleLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    Result<void> open() override;
    /// Lines before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void set_level(LogLevel level) noexcept override;
    /// The streams stay what they are.
    [[nodiscard]] StreamUse stream_use() const noexcept override { return StreamUse::own; }
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
