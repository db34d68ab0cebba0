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

/// The clients that requested a stop or a kill and wait for its result. Thread-safe.
class EndAskers {
public:
    /// Notifies the client that the end has begun, and keeps the client until answer().
    void add(std::shared_ptr<QueuedEvent> run);
    /// Sends the progress of the stop event to the clients that want it.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text);
    /// Answers all clients, and those that are added later.
    /// \param fault why the stop was not clean; nothing if it was. A client that requested a kill gets a success
    ///        anyway.
    void answer(const std::optional<Error>& fault);

private:
    static void answer(QueuedEvent& run, const std::optional<Error>& fault);

    std::mutex mutex_;
    std::vector<std::shared_ptr<QueuedEvent>> runs_;
    bool has_ended_ = false;
    std::optional<Error> fault_;
};

}  // namespace servicekit
