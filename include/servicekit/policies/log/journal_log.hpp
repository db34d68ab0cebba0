#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Log policy for services that systemd starts.
///
/// If $JOURNAL_STREAM shows that stderr is connected to the journal, records go there by its native protocol
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL). Each record is one entry, of any length and with any bytes. Its fields are
/// MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, SYSLOG_PID, if known CODE_FILE, CODE_LINE, CODE_FUNC and SERVICEKIT_CHANNEL,
/// and the record's fields with their keys in upper case: `files` becomes FILES, `log-level` LOG_LEVEL. A key that is
/// not a valid name or is taken gets the prefix `FIELD_`: `5xx` becomes FIELD_5XX, `message` FIELD_MESSAGE.
///
/// If the journal cannot be reached, records go to stderr as lines, and the log tries to connect again every
/// `retry_after`. If the journal is slow, a record waits at most `patience`. Records that neither the journal nor
/// stderr takes are counted, and an entry before the next record reports how many were lost.
///
/// Without a journal, records are lines on stderr. On a terminal they look like those of FileLog; elsewhere they have
/// the form of sd-daemon(3), `<6>message key=value`, without time and name.
/// May be moved only before open().
class JournalLog final : public LogPolicy {
public:
    /// The options. Each has a default.
    struct Options {
        /// The journal's socket.
        std::string socket = "/run/systemd/journal/socket";
        /// How long a record waits for a slow journal.
        std::chrono::milliseconds patience{200};
        /// Interval between attempts to reach a journal that is gone.
        std::chrono::milliseconds retry_after{1'000};
    };

    JournalLog();
    /// \param host the operating system; tests pass fakes
    explicit JournalLog(Options options, const os::Host& host = os::posix_host());
    JournalLog(JournalLog&& other) noexcept;
    JournalLog& operator=(JournalLog&& other) noexcept;
    ~JournalLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    [[nodiscard]] std::optional<LogCounts> counts() const override;
    Result<void> open() override;
    /// Writes a record. Records before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void set_level(LogLevel level) noexcept override;
    [[nodiscard]] StreamUse stream_use() const noexcept override { return StreamUse::own; }
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
