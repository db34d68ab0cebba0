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

/// Log policy for the system's log daemon, over its local socket.
///
/// By default a message has the form of RFC 5424, `<30>1 2026-11-22T06:10:00.123456Z - just-another-server 4711 CHANNEL
/// [servicekit@32473 key="value"] message`. The time is UTC, MSGID is the record's channel, and the record's fields are
/// structured data. Control characters are escaped, and a message that is not plain ASCII begins with a byte order
/// mark. Use Format::traditional for daemons that accept only the form of syslog(3).
///
/// The socket may be a datagram or a stream socket. On a stream a message ends with a newline, or begins with its
/// length (RFC 6587). The log reconnects to a daemon that was restarted. If the daemon is gone or slow, a record waits
/// at most `patience`. Records that cannot be sent are counted, and a message before the next record reports how many
/// were lost.
/// May be moved only before open().
class SyslogLog final : public LogPolicy {
public:
    /// The form of a message.
    enum class Format {
        rfc5424,
        traditional,  ///< `<30>just-another-server[4711]: message key="value"`; the daemon adds time and host
    };
    /// How a message ends on a stream socket: with a newline, or by its length in front of it (RFC 6587).
    enum class Framing { newline, octet_counting };
    /// The facilities of RFC 5424, 6.2.1.
    enum class Facility {
        user = 1,
        mail = 2,
        daemon = 3,
        authorization = 4,
        printer = 6,
        news = 7,
        uucp = 8,
        cron = 9,
        private_authorization = 10,
        ftp = 11,
        local0 = 16,
        local1 = 17,
        local2 = 18,
        local3 = 19,
        local4 = 20,
        local5 = 21,
        local6 = 22,
        local7 = 23,
    };

    /// The options. Each has a default.
    struct Options {
        /// The daemon's socket. Change it for a daemon that listens at another path.
        std::string socket = "/dev/log";
        /// Change it for a daemon that does not read RFC 5424 from its local socket.
        Format format = Format::rfc5424;
        Facility facility = Facility::daemon;  ///< the kind of program, by which the daemon sorts messages
        Framing framing = Framing::newline;    ///< how a message ends, if it is a stream socket
        /// The name of the structured data with the record's fields. Set the number after the @ to the enterprise
        /// number of your organisation (RFC 5424, 7.2.2). The default 32473 is for documentation only (RFC 5612).
        std::string structured_data_id = "servicekit@32473";
        std::string host_name = "-";  ///< "-": the daemon fills it in
        /// How long a record waits for a slow daemon.
        std::chrono::milliseconds patience{200};
        /// Interval between attempts to reach a daemon that is gone.
        std::chrono::milliseconds retry_after{1'000};
    };

    SyslogLog();
    /// \param host the operating system; tests pass fakes
    explicit SyslogLog(Options options, const os::Host& host = os::posix_host());
    SyslogLog(SyslogLog&& other) noexcept;
    SyslogLog& operator=(SyslogLog&& other) noexcept;
    ~SyslogLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    [[nodiscard]] std::optional<LogCounts> counts() const override;
    /// Opens the log. Succeeds even if no daemon listens yet.
    Result<void> open() override;
    /// Writes a record. Records before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void set_level(LogLevel level) noexcept override;
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
