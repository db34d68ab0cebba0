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
    std::shared_ptr<const Waiting> waiting;
};

/// A run whose answer comes from elsewhere than its handler. It is over when it is answered and its handler has returned.
/// Thread-safe.
class LaterRun {
public:
    LaterRun(std::shared_ptr<QueuedEvent> run, std::weak_ptr<LaterEnd> end)
        : run_{std::move(run)}, end_{std::move(end)} {}
    /// A run that has no answer by now gets an error.
    ~LaterRun();
    LaterRun(const LaterRun&) = delete;
    LaterRun& operator=(const LaterRun&) = delete;

    [[nodiscard]] QueuedEvent& run() const noexcept { return *run_; }
    /// Null once the service is gone.
    [[nodiscard]] std::shared_ptr<const Waiting> waiting() const noexcept;

    /// From its handler's thread, once.
    void handler_returned();

    // The first of these answers it.
    void succeed(const Object& fields);
    /// \pre called within a catch block
    void fail();

private:
    template <class Finish>
    void close(const Finish& finish);
    /// One of the two that it waits for: its answer, and its handler's return.
    void part_is_over(Runs& runs) noexcept;

    std::shared_ptr<QueuedEvent> run_;
    std::weak_ptr<LaterEnd> end_;
    std::atomic<bool> is_open_{true};
    std::atomic<bool> has_returned_{false};
    std::atomic<int> parts_left_{2};
};

}  // namespace servicekit
