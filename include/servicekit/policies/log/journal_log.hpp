#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
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
/// Where $JOURNAL_STREAM says that stderr leads into the journal, records go there by its native protocol
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL), one entry each, however long and with whatever bytes: MESSAGE, PRIORITY,
/// SYSLOG_IDENTIFIER, SYSLOG_PID, where they are known CODE_FILE, CODE_LINE, CODE_FUNC and SERVICEKIT_CHANNEL, and the
/// record's fields, whose keys become upper case: `files` is FILES, `log-level` LOG_LEVEL. One that is no name there, or
/// is taken, gets `FIELD_` in front: `5xx` is FIELD_5XX, `message` FIELD_MESSAGE.
///
/// A journal that can't be reached is looked for again every `retry_after`; meanwhile records go to stderr as lines. One
/// that does not keep up costs a record `patience` at most; what neither it nor stderr takes is counted, and the next
/// record that gets through comes after one that says how many were lost.
///
/// Without a journal, records are lines on stderr: on a terminal as those of FileLog, elsewhere as sd-daemon(3) has them,
/// `<6>message key=value`, with neither time nor name.
/// May be moved before open(), and not later.
class JournalLog final : public LogPolicy {
public:
    struct Options {
        std::string socket = "/run/systemd/journal/socket";
        std::chrono::milliseconds patience{200};
        std::chrono::milliseconds retry_after{1'000};
    };

    JournalLog();
    explicit JournalLog(Options options, const os::Host& host = os::posix_host());
    JournalLog(JournalLog&& other) noexcept;
    JournalLog& operator=(JournalLog&& other) noexcept;
    ~JournalLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    Result<void> open() override;
    /// Lines before open() and after close() are dropped.
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
