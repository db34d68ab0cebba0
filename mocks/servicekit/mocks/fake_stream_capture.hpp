#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/os/stream_capture.hpp"

namespace servicekit::mocks {

/// Captured streams that only the test prints to, by print(). Each process of FakeOs::spawn() has its own.
class FakeStreamCaptures {
public:
    [[nodiscard]] std::unique_ptr<os::StreamCapture> make();

    /// For `capture` and `start`; the object of `capture` is "stdout" or "stderr".
    FakeFailures& failures() noexcept { return failures_; }

    /// From now on, a stop has no time to deliver what was printed without a newline.
    void be_slow() noexcept { is_slow_ = true; }

    [[nodiscard]] bool is_captured(os::Stream stream) const;
    /// Prints a text in the calling process. Whole lines are delivered at once, or wait for start(). If the stream is
    /// not captured, nothing happens.
    void print(os::Stream stream, std::string_view text);

    /// For FakeOs.
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    class FakeStreamCapture;
    struct State {
        std::array<bool, 3> is_captured{};
        std::array<std::string, 3> printed{};
        os::StreamCapture::Deliver deliver = {};
    };
    void deliver(State& state);

    FakeFailures failures_{"capture", "start"};
    bool is_slow_ = false;
    PerTask<State> states_;
};

}  // namespace servicekit::mocks
