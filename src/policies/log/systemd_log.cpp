#include "servicekit/policies/log/systemd_log.hpp"

#include <utility>

#include "policies/log/log_line.hpp"

namespace servicekit {
namespace {

/// The levels of syslog(3), as sd-daemon(3) wants them at the beginning of a line.
std::string_view prefix(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
        case LogLevel::debug:
            return "<7>";
        case LogLevel::info:
            return "<6>";
        case LogLevel::warning:
            return "<4>";
        case LogLevel::error:
            return "<3>";
        case LogLevel::fatal:
            break;
    }
    return "<2>";
}

}  // namespace

SystemdLog::SystemdLog(Options /*options*/, os::StandardStreams& streams, const os::ServiceManager& manager,
                       const os::Process& process) noexcept
    : streams_{&streams}, manager_{&manager}, process_{&process} {}

SystemdLog::SystemdLog(SystemdLog&& other) noexcept
    : streams_{other.streams_},
      manager_{other.manager_},
      process_{other.process_},
      name_{std::move(other.name_)},
      level_{other.level_.load()} {}

void SystemdLog::configure(const contract::Deployment& deployment) {
    name_ = deployment.name;
    set_level(deployment.log_level);
}

Result<void> SystemdLog::open() {
    source_ = name_ + '[' + std::to_string(process_->id()) + ']';
    to_journal_ = manager_->has_journal_on_stderr();
    open_.store(true, std::memory_order_release);
    return {};
}

void SystemdLog::write(const contract::LogRecord& record) noexcept {
    if (!open_.load(std::memory_order_acquire) || record.level < level_.load(std::memory_order_relaxed)) return;
    try {
        std::string line;
        if (to_journal_) {
            line = prefix(record.level);
            policies::append_escaped(line, record.message);
            line += '\n';
        } else {
            policies::append_log_line(line, record, source_);
        }
        streams_->write(os::Stream::error, line);
    } catch (...) {
        return;  // out of memory: there is no other place to say so
    }
}

}  // namespace servicekit
