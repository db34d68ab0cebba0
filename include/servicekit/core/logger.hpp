#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "servicekit/base/log_level.hpp"
#include "servicekit/contract/log.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit {

/// What a service writes its log lines with, from any thread.
/// Lines that come before the log is open are kept, at most 1,000 of them, and written once it is.
class Logger {
public:
    explicit Logger(const os::Clock& clock);
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;
    ~Logger();

    /// Whether a line of this level would be written: one atomic load.
    [[nodiscard]] bool shows(LogLevel level) const noexcept { return level >= level_.load(std::memory_order_relaxed); }
    [[nodiscard]] LogLevel level() const noexcept { return level_.load(std::memory_order_relaxed); }
    void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

    void trace(std::string_view message) { write(LogLevel::trace, message); }
    void debug(std::string_view message) { write(LogLevel::debug, message); }
    void info(std::string_view message) { write(LogLevel::info, message); }
    void warning(std::string_view message) { write(LogLevel::warning, message); }
    void error(std::string_view message) { write(LogLevel::error, message); }
    void fatal(std::string_view message) { write(LogLevel::fatal, message); }
    void write(LogLevel level, std::string_view message);

    /// From here on lines go to `log`, those that were kept first. For core.
    void open(contract::Log& log);
    /// From here on lines are dropped. One that is being written meanwhile still reaches the policy, which drops what
    /// comes after its own close.
    void close();

private:
    struct Early;  // the lines before open()

    const os::Clock* clock_;
    std::atomic<LogLevel> level_{LogLevel::info};
    std::atomic<contract::Log*> log_{nullptr};
    std::unique_ptr<Early> early_;
};

}  // namespace servicekit
