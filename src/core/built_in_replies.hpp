#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "core/built_in_events.hpp"
#include "core/configuration.hpp"
#include "core/crash_reports.hpp"
#include "core/instance.hpp"
#include "core/log_router.hpp"
#include "core/metrics_report.hpp"
#include "core/service_log.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// The built-in events that need no handler: `events`, `settings`, `crashes`, `metrics` and those of the log.
class BuiltInReplies {
public:
    BuiltInReplies(const EventTable& events, const Configuration& configuration, const Instance& instance,
                   LogRouter& router, ServiceLog& service_log, const MetricsReport& metrics, const os::Host& host)
        : events_{events},
          configuration_{configuration},
          instance_{instance},
          router_{router},
          service_log_{service_log},
          metrics_{metrics},
          host_{host} {}

    /// Checks what the declaration of the event can't express. \throws BadArgument
    static void check(BuiltIn event, const Arguments& arguments);
    /// Does what the event requests. Can be called from any thread.
    /// \returns the fields of the reply
    /// \throws BadArgument
    Result<Object> reply(BuiltIn event, const Arguments& arguments);
    /// Returns the encoded reply of `events`. It is made again only if the events have changed. For the loop's thread.
    [[nodiscard]] const std::string& events_line();

private:
    [[nodiscard]] Object list_events() const;
    [[nodiscard]] Object list_settings() const;
    [[nodiscard]] Result<Object> list_crashes();
    [[nodiscard]] Object log_level(const Arguments& arguments);

    const EventTable& events_;
    const Configuration& configuration_;
    const Instance& instance_;
    LogRouter& router_;
    ServiceLog& service_log_;
    const MetricsReport& metrics_;
    const os::Host& host_;
    std::mutex known_crashes_mutex_;
    CrashReports::Memory known_crashes_;
    std::string events_line_;
    std::uint64_t events_line_revision_ = 0;  ///< of the event table when the line was made; 0: not made yet
};

}  // namespace servicekit
