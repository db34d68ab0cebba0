#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <string>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/log.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/service_manager.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {

/// Log policy that writes lines to stderr and leaves it to the service manager to keep them.
///
/// Where stderr leads into the journal, a line begins with its level as sd-daemon(3) has it, `<4>`, and the rest is the
/// message; the journal adds time, name and pid. Elsewhere, as on a terminal, lines are those of FileLog.
/// One record is one line, in the kernel when write() returns; control characters of the message are escaped.
class SystemdLog {
public:
    struct Options {};

    SystemdLog() : SystemdLog{Options{}} {}
    explicit SystemdLog(Options options, os::StandardStreams& streams = os::posix_standard_streams(),
                        const os::ServiceManager& manager = os::posix_service_manager(),
                        const os::Process& process = os::posix_process()) noexcept;
    /// \pre other is not open
    SystemdLog(SystemdLog&& other) noexcept;

    void configure(const contract::Deployment& deployment);
    Result<void> open();
    /// Lines before open() and after close() are dropped.
    void write(const contract::LogRecord& record) noexcept;
    Result<void> reopen() { return {}; }
    void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }
    /// The streams stay what the manager made them.
    [[nodiscard]] contract::StreamUse stream_use() const noexcept { return contract::StreamUse::own; }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void close(std::chrono::milliseconds /*at_most*/) noexcept { open_.store(false, std::memory_order_release); }

private:
    os::StandardStreams* streams_;
    const os::ServiceManager* manager_;
    const os::Process* process_;
    std::string name_;
    std::string source_;  ///< who logs: name and pid
    bool to_journal_ = false;
    std::atomic<LogLevel> level_{LogLevel::info};
    std::atomic<bool> open_{false};
};

}  // namespace servicekit
