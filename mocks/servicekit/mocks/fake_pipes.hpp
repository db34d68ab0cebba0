#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/pipes.hpp"

namespace servicekit::mocks {

/// Pipes in memory. The test goes on in one process only, so it says what the process at the other end does.
class FakePipes final : public os::Pipes {
public:
    /// \param clock moves on while a reader waits in vain.
    explicit FakePipes(FakeClock& clock) : state_{std::make_shared<State>(State{&clock})} {}

    Result<std::unique_ptr<os::Pipe>> open() override;

    /// `open` and `write`.
    FakeFailures& failures() noexcept { return state_->failures; }

    /// What readers of the pipes that were or will be opened hear, in this order, each by one read_line(): a line, the
    /// other process's end, a signal to this one, or nothing until their time is up.
    void will_hear(std::string line) { state_->to_hear.push_back({.text = std::move(line)}); }
    void will_hear(os::PipeReading::End end) { state_->to_hear.push_back({.end = end}); }
    /// All that was written to the pipes and not read back.
    [[nodiscard]] const std::string& written() const noexcept { return state_->written; }
    /// Nobody reads the pipes any more: writing fails with EPIPE.
    void close_other_readers() noexcept { state_->other_readers_closed = true; }
    [[nodiscard]] unsigned opened() const noexcept { return state_->opened; }
    /// Writing ends of this process that are not closed.
    [[nodiscard]] unsigned open_writers() const noexcept { return state_->open_writers; }
    [[nodiscard]] unsigned open_readers() const noexcept { return state_->open_readers; }

private:
    class FakePipe;
    struct State {
        FakeClock* clock;
        FakeFailures failures{"open", "write"};
        std::deque<os::PipeReading> to_hear = {};
        std::string written = {};
        bool other_readers_closed = false;
        unsigned opened = 0;
        unsigned open_writers = 0;
        unsigned open_readers = 0;
    };

    std::shared_ptr<State> state_;
};

}  // namespace servicekit::mocks
