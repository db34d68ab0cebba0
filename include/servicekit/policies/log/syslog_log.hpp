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

/// Log policy for the system's log daemon, by its local socket.
///
/// By default a message is as RFC 5424 has it, `<30>1 2026-11-22T06:10:00.123456Z - just-another-server 4711 CHANNEL
/// [servicekit@32473 key="value"] message`: the time is UTC, MSGID is the record's channel, the record's fields are
/// structured data; control characters are escaped, and a message that has more than ASCII begins with a byte order
/// mark. Some daemons take only what syslog(3) sends; for them there is Format::traditional.
///
/// The socket may be a datagram's or a stream's; on a stream a message ends with a newline, or has its length in front
/// (RFC 6587). A daemon that was started anew is connected to anew. One that is gone or does not keep up costs a record
/// `patience` at most; what can't be sent is counted, and the next that can comes after one that says how many were lost.
/// May be moved before open(), and not later.
class SyslogLog final : public LogPolicy {
public:
    enum class Format {
        rfc5424,
        traditional,  ///< `<30>just-another-server[4711]: message key="value"`: the daemon adds time and host
    };
    enum class Framing { newline, octet_counting };
    /// RFC 5424, 6.2.1.
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

    struct Options {
        std::string socket = "/dev/log";
        Format format = Format::rfc5424;
        Facility facility = Facility::daemon;
        Framing framing = Framing::newline;  ///< where the socket is a stream's
        /// What the record's fields stand under. The number after the @ should be your own organisation's (RFC 5424,
        /// 7.2.2); that of the default is one for documentation (RFC 5612), which belongs to nobody.
        std::string structured_data_id = "servicekit@32473";
        std::string host_name = "-";  ///< "-": the daemon knows best
        std::chrono::milliseconds patience{200};
        std::chrono::milliseconds retry_after{1'000};  ///< until a daemon that was not there is looked for again
    };

    SyslogLog();
    explicit SyslogLog(Options options, const os::Host& host = os::posix_host());
    SyslogLog(SyslogLog&& other) noexcept;
    SyslogLog& operator=(SyslogLog&& other) noexcept;
    ~SyslogLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    /// Succeeds also where no daemon listens yet.
    Result<void> open() override;
    /// Lines before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void set_level(LogLevel level) noexcept override;
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
