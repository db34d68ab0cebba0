#pragma once

#include <sys/types.h>

#include <chrono>
#include <string_view>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"

namespace servicekit::contract {

/// One line for the log, valid during the call only.
struct LogRecord {
    std::chrono::system_clock::time_point time;
    LogLevel level = LogLevel::info;
    std::string_view message;
};

/// What becomes of the standard streams once the log is open.
enum class StreamTarget {
    log,      ///< into the log, where it can take them; /dev/null where it can't
    inherit,  ///< left as they are
};

/// Where log lines go.
/// write() comes from any thread, several at a time; the rest never two at a time.
class Log {
public:
    virtual ~Log() = default;
    virtual void configure(const Deployment& deployment) = 0;
    virtual Result<void> open() = 0;
    /// Never throws, never ends the service: what can't be written is counted and told later.
    virtual void write(const LogRecord& record) noexcept = 0;
    /// Opens its file anew, after somebody moved it. On an error it goes on with the old one.
    virtual Result<void> reopen() = 0;
    virtual void set_level(LogLevel level) = 0;
    /// Leads stdout and stderr where the target says.
    virtual Result<void> redirect(StreamTarget target) = 0;
    /// Hands what it holds to a user that the process is about to become.
    virtual Result<void> hand_to(uid_t uid, gid_t gid) = 0;
    /// Everything that was accepted is in the kernel when it returns, or the time was up.
    virtual void close(std::chrono::milliseconds at_most) noexcept = 0;
};

}  // namespace servicekit::contract
