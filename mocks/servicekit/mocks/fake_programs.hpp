#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/programs.hpp"

namespace servicekit::mocks {

/// Programs that only read their standard input. Each reads its input at once, and ends when its input ends, unless the
/// test changes that. For one thread at a time.
class FakePrograms final : public os::Programs {
public:
    explicit FakePrograms(FakeReactor& reactor) : machine_{std::make_shared<Machine>(reactor)} {}

    Result<std::unique_ptr<os::ProgramInput>> open_input(std::size_t capacity) override;
    Result<std::unique_ptr<os::Program>> start(const os::ProgramStart& start) override;

    /// For `open_input` and `start`, with the program's name as object; `write`, `change_owner` and `signal`.
    FakeFailures& failures() noexcept { return machine_->failures; }

    struct Started {
        pid_t pid = 0;
        std::vector<std::string> command = {};
        os::ProgramOutput output = os::ProgramOutput::inherit;
        std::string text = {};  ///< what it has read
        std::optional<os::ProgramEnd> end = {};
        std::vector<int> signals = {};  ///< those that were sent to it
    };
    /// Returns all programs there ever were, the oldest first.
    [[nodiscard]] std::vector<Started> started() const;
    /// \returns the program that was started last if it is still running; else 0
    [[nodiscard]] pid_t running() const;
    /// Returns what all of them have read.
    [[nodiscard]] std::string read() const;
    /// Returns the number of bytes in the pipes.
    [[nodiscard]] std::size_t unread() const;

    /// Makes all programs stop reading, as after SIGSTOP.
    void stop_reading();
    void read_again();
    /// Makes programs continue to run after their input ends.
    void outlive_their_input() noexcept { machine_->end_with_input = false; }
    /// Makes programs ignore signals.
    void ignore_signals() noexcept { machine_->heed_signals = false; }
    void end(pid_t pid, os::ProgramEnd how);
    /// Makes programs that are started later end at once in this way, without reading; nothing: they run normally.
    void end_at_once(std::optional<os::ProgramEnd> how) { machine_->end_at_once = how; }
    /// Sets the capacity of pipes that are opened later, whatever is requested.
    void set_capacity(std::size_t bytes) noexcept { machine_->capacity = bytes; }

private:
    struct Pipe;
    struct Process;
    struct Machine {
        explicit Machine(FakeReactor& the_reactor) : reactor{&the_reactor} {}
        void run(Process& process) const;
        void run_all() const;

        FakeReactor* reactor;
        FakeFailures failures{"open_input", "start", "write", "change_owner", "signal"};
        std::vector<std::shared_ptr<Process>> processes = {};
        std::vector<std::weak_ptr<Pipe>> pipes = {};
        bool reads = true;
        bool end_with_input = true;
        bool heed_signals = true;
        std::optional<os::ProgramEnd> end_at_once = {};
        std::optional<std::size_t> capacity = {};
    };
    class FakeProgram;
    class FakeInput;

    std::shared_ptr<Machine> machine_;
};

}  // namespace servicekit::mocks
