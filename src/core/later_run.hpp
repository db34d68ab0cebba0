#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "core/queued_event.hpp"
#include "core/run_end.hpp"
#include "core/runs.hpp"
#include "servicekit/core/waiting.hpp"

namespace servicekit {

/// What ends a run that is answered later. It is gone once the service is.
struct LaterEnd {
    Runs& runs;
    RunEnd end;
    const Waiting& waiting;
};

/// A run whose handler has returned, or will, and whose answer comes from elsewhere. Thread-safe.
class LaterRun {
public:
    LaterRun(std::shared_ptr<QueuedEvent> run, std::weak_ptr<LaterEnd> end)
        : run_{std::move(run)}, end_{std::move(end)} {}
    /// A run that has no answer by now gets an error.
    ~LaterRun();
    LaterRun(const LaterRun&) = delete;
    LaterRun& operator=(const LaterRun&) = delete;

    [[nodiscard]] QueuedEvent& run() const noexcept { return *run_; }
    [[nodiscard]] const Waiting& waiting() const noexcept;

    // The first of these ends it.
    void succeed(const Object& fields);
    /// \pre called within a catch block
    void fail();

private:
    template <class Finish>
    void close(const Finish& finish);

    std::shared_ptr<QueuedEvent> run_;
    std::weak_ptr<LaterEnd> end_;
    std::atomic<bool> is_open_{true};
};

}  // namespace servicekit
