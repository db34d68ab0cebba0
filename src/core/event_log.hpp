#pragma once

#include <chrono>
#include <string_view>

#include "core/queued_event.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/logger.hpp"

namespace servicekit {

/// Logs the outcome of each requested event in one line. Events that only read are not logged.
class EventLog {
public:
    explicit EventLog(Logger& log) : log_{log} {}

    void done(std::string_view event);
    /// \param took time since the event began
    void done(std::string_view event, std::chrono::milliseconds took);
    void failed(std::string_view event, std::string_view why);
    /// \param took time since the event began
    void cancelled(std::string_view event, std::chrono::milliseconds took, std::string_view by);
    void never_ran(std::string_view event, std::string_view why);
    /// Declines a requested event that will not run.
    void decline(QueuedEvent& run, const Object& error);
    /// \param reply may have the lists `applied` and `needs-restart`, as in the library's own reload
    void reloaded(const Object& reply);

private:
    Logger& log_;
};

}  // namespace servicekit
