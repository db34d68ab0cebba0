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

/// Ends a run that is answered later. It expires when the service is destroyed.
struct LaterEnd {
    Runs& runs;
    RunEnd end;
    std::shared_ptr<const Waiting> waiting;
};

/// A run that is answered from outside its handler. It is over when it is answered and its handler has returned.
/// Thread-safe.
class LaterRun {
public:
    LaterRun(std::shared_ptr<QueuedEvent> run, std::weak_ptr<LaterEnd> end)
        : run_{std::move(run)}, end_{std::move(end)} {}
    /// Answers with an error if there is no answer yet.
    ~LaterRun();
    LaterRun(const LaterRun&) = delete;
    LaterRun& operator=(const LaterRun&) = delete;

    [[nodiscard]] QueuedEvent& run() const noexcept { return *run_; }
    /// Returns null after the service was destroyed.
    [[nodiscard]] std::shared_ptr<const Waiting> waiting() const noexcept;

    /// Call once, on the handler's thread.
    void handler_returned();

    // The first call of one of these answers the run.
    void succeed(const Object& fields);
    /// \pre called within a catch block
    void fail();

private:
    template <class Finish>
    void close(const Finish& finish);
    /// Notes the end of one of two parts: the answer, and the handler's return.
    void part_is_over(Runs& runs) noexcept;

    std::shared_ptr<QueuedEvent> run_;
    std::weak_ptr<LaterEnd> end_;
    std::atomic<bool> is_open_{true};
    std::atomic<bool> has_returned_{false};
    std::atomic<int> parts_left_{2};
};

}  // namespace servicekit
