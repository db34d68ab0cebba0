#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "servicekit/base/log_record.hpp"

namespace servicekit::os {

/// Boost.Log's core, which is one for the process: what the program writes with Boost's own macros, and the sinks that
/// it has added there.
class BoostLog {
public:
    /// Ends when destroyed; a record that is on its way then may still come.
    class Subscription {
    public:
        virtual ~Subscription() = default;
    };
    using Wants = std::function<bool(LogLevel level, std::string_view channel)>;
    using Take = std::function<void(const LogRecord& record)>;

    virtual ~BoostLog() = default;
    /// Has `take` called with each record of the program's that `wants` lets through, in the thread that writes it; its
    /// time is not set. The level is the attribute `Severity`, a boost::log::trivial::severity_level or an int on the same
    /// scale, `info` without one; the channel is the attribute `Channel`, where that is a std::string.
    [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(Wants wants, Take take) = 0;
    /// Shows a record to the program's sinks and to nobody who has subscribed, with the attributes `Severity`, `Message`
    /// and `Channel` as above, and `TimeStamp`, a boost::posix_time::ptime in UTC. What a sink throws is dropped.
    virtual void show(const LogRecord& record) noexcept = 0;
};

[[nodiscard]] BoostLog& process_boost_log();

}  // namespace servicekit::os
