#pragma once

#include <array>
#include <atomic>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "servicekit/base/log_format.hpp"
#include "servicekit/base/log_level.hpp"
#include "servicekit/base/log_record.hpp"
#include "servicekit/base/log_value.hpp"

namespace servicekit {

/// Writes the log lines of a service. May be used from any thread.
/// \code
/// log().info("backup of {} files took {}", files, took);
/// log().info("backup done", {{"files", files}, {"took", took}});
/// log().channel("database").debug("{} rows", rows);
/// \endcode
/// The first argument alone is written as it is. A line below the level costs one atomic load and is not formatted.
/// Lines before the log is open are kept, within limits, and written when it opens; lines after it is closed are
/// dropped. The functions do not throw, except that an exception of a formatting function of the program propagates if
/// it is not derived from std::exception.
///
/// In a child of fork(2) that has not called exec(3), a line goes directly to stderr and is marked as the child's. The
/// child cannot use the parent's log, because other threads of the parent may have held its locks.
class Logger {
public:
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;
    ~Logger() = default;

    /// \returns true if a line of this level is written.
    [[nodiscard]] bool shows(LogLevel level) const noexcept { return level >= level_.load(std::memory_order_relaxed); }
    /// The lowest level that is written.
    [[nodiscard]] LogLevel level() const noexcept { return level_.load(std::memory_order_relaxed); }
    /// The name that was passed to channel(); empty for the main logger.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Returns the logger for a part of the program. It has the level that the event `log-level` has set for it,
    /// otherwise the level of the main logger. It lives as long as the service; look it up once if it is used often.
    [[nodiscard]] Logger& channel(std::string_view name);

    ///@{
    /// Write a line of the level with values for its placeholders: `log().info("{} of {}", done, total)`.
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void trace(const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                  const Arguments&... arguments) {
        write(LogLevel::trace, format, arguments...);
    }
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void debug(const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                  const Arguments&... arguments) {
        write(LogLevel::debug, format, arguments...);
    }
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void info(const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                 const Arguments&... arguments) {
        write(LogLevel::info, format, arguments...);
    }
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void warning(const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                    const Arguments&... arguments) {
        write(LogLevel::warning, format, arguments...);
    }
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void error(const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                  const Arguments&... arguments) {
        write(LogLevel::error, format, arguments...);
    }
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void fatal(const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                  const Arguments&... arguments) {
        write(LogLevel::fatal, format, arguments...);
    }
    ///@}
    /// The same with a level chosen at run time.
    template <class... Arguments>
    requires(sizeof...(Arguments) > 0) void write(LogLevel level,
                                                  const LogFormat<std::type_identity_t<Arguments>...>& format,
                                                  const Arguments&... arguments) {
        if (!shows(level)) return;
        const std::array<LogValue, sizeof...(Arguments)> values{LogValue{arguments}...};
        put_formatted(level, format.text(), values, format.source());
    }

    /// The fields of a line: `{{"user", name}, {"bytes", size}}`.
    using Fields = std::initializer_list<LogField>;
    ///@{
    /// Write a line with fields. The text has no placeholders.
    void trace(const LogMessage& message, Fields fields = {}) { write(LogLevel::trace, message, fields); }
    void debug(const LogMessage& message, Fields fields = {}) { write(LogLevel::debug, message, fields); }
    void info(const LogMessage& message, Fields fields = {}) { write(LogLevel::info, message, fields); }
    void warning(const LogMessage& message, Fields fields = {}) { write(LogLevel::warning, message, fields); }
    void error(const LogMessage& message, Fields fields = {}) { write(LogLevel::error, message, fields); }
    void fatal(const LogMessage& message, Fields fields = {}) { write(LogLevel::fatal, message, fields); }
    void write(LogLevel level, const LogMessage& message, Fields fields = {}) {
        if (shows(level)) put(level, message.text(), {fields.begin(), fields.size()}, message.source());
    }
    ///@}

    /// If true, the service's lines also go to the sinks that the program has added to the core of Boost.Log, with the
    /// attributes Severity, Message, Channel and TimeStamp. Each line then costs as much as a record of Boost.Log.
    /// Default: false. Records that the program writes with Boost's macros always go to this log.
    void show_to_boost_log(bool shows) noexcept;

private:
    friend class LogRouter;
    Logger(class LogRouter& desk, std::string name, LogLevel level)
        : desk_{&desk}, level_{level}, name_{std::move(name)} {}

    void put(LogLevel level, std::string_view message, std::span<const LogField> fields, const LogSource& source);
    void put_formatted(LogLevel level, std::string_view format, std::span<const LogValue> values,
                       const LogSource& source);

    class LogRouter* desk_;
    std::atomic<LogLevel> level_;
    std::string name_;
};

}  // namespace servicekit
