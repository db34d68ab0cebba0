#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/pipes.hpp"

namespace servicekit::mocks {

/// Pipes in memory. Between processes that FakeOs::spawn() made they are as real ones; where the test goes on in one
/// process only, it says what the process at the other end does.
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
    [[nodiscard]] std::string written() const;
    /// Nobody reads the pipes any more: writing fails with EPIPE.
    void close_other_readers() noexcept { state_->other_readers_closed = true; }
    [[nodiscard]] unsigned opened() const noexcept { return static_cast<unsigned>(state_->channels.size()); }
    /// Writing ends of this process that are not closed.
    [[nodiscard]] unsigned open_writers() const;
    [[nodiscard]] unsigned open_readers() const;
    /// Ends of all processes.
    [[nodiscard]] std::size_t open_ends() const;

    // For FakeOs.

    /// \param is_interrupted uses up a signal that ends a wait of the process; \returns whether there was one
    void connect(FakeReactor& reactor, std::function<bool(FakeTask::Id)> is_interrupted);
    /// The child has both ends of what its parent has open. The child's first calls of open() find these.
    void inherit(FakeTask::Id parent, FakeTask::Id child);
    /// The kernel closes what the process had open.
    void process_died(FakeTask::Id process);

private:
    class FakePipe;
    struct Channel {
        std::string bytes = {};
        std::set<FakeTask::Id> readers = {};
        std::set<FakeTask::Id> writers = {};
        std::set<FakeTask::Id> guarded_writers = {};  ///< whose children are no writers
    };
    struct State {
        FakeClock* clock;
        FakeFailures failures{"open", "write"};
        std::deque<os::PipeReading> to_hear = {};
        bool other_readers_closed = false;
        std::vector<std::shared_ptr<Channel>> channels = {};
        std::map<FakeTask::Id, std::vector<std::shared_ptr<Channel>>> opened_by = {};
        std::map<FakeTask::Id, std::deque<std::shared_ptr<Channel>>> to_open_again = {};
        FakeReactor* reactor = nullptr;
        std::function<bool(FakeTask::Id)> is_interrupted = {};
    };

    std::shared_ptr<State> state_;
};

}  // namespace servicekit::mocks
