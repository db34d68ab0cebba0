#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "core/queued_event.hpp"
#include "servicekit/base/error.hpp"

namespace servicekit {

/// The clients that asked for a stop or a kill, and wait to learn how the service ended. From any thread.
class EndAskers {
public:
    /// Tells the client that the end has begun, and keeps it until answer().
    void add(std::shared_ptr<QueuedEvent> run);
    /// Tells those who want to know how far the stop event is.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text);
    /// Answers all, and whoever comes later.
    /// \param fault why the stop was not clean; nothing if it was. Whoever asked for a kill gets what he asked for.
    void answer(const std::optional<Error>& fault);

private:
    static void answer(QueuedEvent& run, const std::optional<Error>& fault);

    std::mutex mutex_;
    std::vector<std::shared_ptr<QueuedEvent>> runs_;
    bool has_ended_ = false;
    std::optional<Error> fault_;
};

}  // namespace servicekit
