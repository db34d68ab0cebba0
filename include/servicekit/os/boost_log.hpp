#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "servicekit/base/log_record.hpp"

namespace servicekit::os {

/// The core of Boost.Log, of which a process has one: the records that the program writes with Boost's macros, and the
/// sinks that it has added.
class BoostLog {
public:
    /// Ends the subscription when destroyed. A record that is being delivered may still arrive.
    class Subscription {
    public:
        virtual ~Subscription() = default;
    };
    /// \returns true if the subscriber wants records of the level and channel.
    using Wants = std::function<bool(LogLevel level, std::string_view channel)>;
    /// Takes a record, which is valid during the call only.
    using Take = std::function<void(const LogRecord& record)>;

    virtual ~BoostLog() = default;
    /// Subscribes to the program's records. Calls `take`, in the thread that writes, for each record that `wants`
    /// accepts. The time of the record is not set. The level is the attribute `Severity`, a
    /// boost::log::trivial::severity_level or an int on the same scale; without it, `info`. The channel is the
    /// attribute `Channel` if that is a std::string.
    [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(Wants wants, Take take) = 0;
    /// Passes a record to the program's sinks but not to subscribers, with the attributes `Severity`, `Message` and
    /// `Channel` as above, and `TimeStamp`, a boost::posix_time::ptime in UTC. An exception from a sink is ignored.
    virtual void show(const LogRecord& record) noexcept = 0;
};

/// Returns the core of Boost.Log in this process.
[[nodiscard]] BoostLog& process_boost_log();

}  // namespace servicekit::os
