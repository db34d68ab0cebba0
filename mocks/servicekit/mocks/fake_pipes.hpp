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

/// Pipes in memory. Between processes of FakeOs::spawn() they work like real ones. If the test continues in one process
/// only, it decides what the process at the other end does.
class FakePipes final : public os::Pipes {
public:
    /// \param clock advances when a reader waits in vain
    explicit FakePipes(FakeClock& clock) : state_{std::make_shared<State>(State{&clock})} {}

    Result<std::unique_ptr<os::Pipe>> open() override;

    /// For `open` and `write`.
    FakeFailures& failures() noexcept { return state_->failures; }

    /// Queues a result of read_line() for the pipes that are or will be open: a line, the end of the other process, a
    /// signal to this one, or a timeout.
    void will_hear(std::string line) { state_->to_hear.push_back({.text = std::move(line)}); }
    void will_hear(os::PipeReading::End end) { state_->to_hear.push_back({.end = end}); }
    /// Returns everything that was written to the pipes and not read back.
    [[nodiscard]] std::string written() const;
    /// Closes the other readers: writing fails with EPIPE.
    void close_other_readers() noexcept { state_->other_readers_closed = true; }
    [[nodiscard]] unsigned opened() const noexcept { return static_cast<unsigned>(state_->channels.size()); }
    /// Returns the number of open writing ends of this process.
    [[nodiscard]] unsigned open_writers() const;
    [[nodiscard]] unsigned open_readers() const;
    /// Returns the number of open ends of all processes.
    [[nodiscard]] std::size_t open_ends() const;

    // For FakeOs.

    /// \param is_interrupted consumes a signal that ends a wait of the process; \returns true if there was one
    void connect(FakeReactor& reactor, std::function<bool(FakeTask::Id)> is_interrupted);
    /// Gives the child both ends of its parent's open pipes. The child's first calls of open() return them.
    void inherit(FakeTask::Id parent, FakeTask::Id child);
    /// Closes the pipes of the process, like the kernel.
    void process_died(FakeTask::Id process);

private:
    class FakePipe;
    struct Channel {
        std::string bytes = {};
        std::set<FakeTask::Id> readers = {};
        std::set<FakeTask::Id> writers = {};
        std::set<FakeTask::Id> guarded_writers = {};  ///< children of these do not inherit the writer
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
