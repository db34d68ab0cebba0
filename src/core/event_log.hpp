#pragma once

#include <chrono>
#include <string_view>

#include "core/queued_event.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/logger.hpp"

namespace servicekit {

/// The lines that say what became of an event that somebody asked for: one each. An event that only reads has none.
class EventLog {
public:
    explicit EventLog(Logger& log) : log_{log} {}

    void done(std::string_view event);
    /// \param took since it began
    void done(std::string_view event, std::chrono::milliseconds took);
    void failed(std::string_view event, std::string_view why);
    /// \param took since it began
    void cancelled(std::string_view event, std::chrono::milliseconds took, std::string_view by);
    void never_ran(std::string_view event, std::string_view why);
    /// Declines an event that was asked for and will not run.
    void decline(QueuedEvent& run, const Object& error);
    /// \param reply may have the lists `applied` and `needs-restart`, as the library's own reload has
    void reloaded(const Object& reply);

private:
    Logger& log_;
};

}  // namespace servicekit
