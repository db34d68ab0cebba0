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

/// Programs that read their standard input, and do nothing else. Each reads what comes at once, and ends where its input
/// does, unless the test says otherwise. By one thread at a time.
class FakePrograms final : public os::Programs {
public:
    explicit FakePrograms(FakeReactor& reactor) : machine_{std::make_shared<Machine>(reactor)} {}

    Result<std::unique_ptr<os::ProgramInput>> open_input(std::size_t capacity) override;
    Result<std::unique_ptr<os::Program>> start(const os::ProgramStart& start) override;

    /// `open_input`, `start`, by the program's name; `write`, `change_owner`, `signal`.
    FakeFailures& failures() noexcept { return machine_->failures; }

    struct Started {
        pid_t pid = 0;
        std::vector<std::string> command = {};
        os::ProgramOutput output = os::ProgramOutput::inherit;
        std::string text = {};  ///< what it has read
        std::optional<os::ProgramEnd> end = {};
        std::vector<int> signals = {};  ///< that it was sent
    };
    /// Every program ever, the oldest first.
    [[nodiscard]] std::vector<Started> started() const;
    /// \returns the one that was started last, where it still runs; else 0
    [[nodiscard]] pid_t running() const;
    /// What all of them have read.
    [[nodiscard]] std::string read() const;
    /// What stands in the pipes.
    [[nodiscard]] std::size_t unread() const;

    /// All programs read nothing any more, as if stopped by SIGSTOP.
    void stop_reading();
    void read_again();
    /// They go on where their input ends.
    void outlive_their_input() noexcept { machine_->end_with_input = false; }
    /// A signal ends none of them.
    void ignore_signals() noexcept { machine_->heed_signals = false; }
    void end(pid_t pid, os::ProgramEnd how);
    /// Whatever is started from now on ends so at once, and reads nothing; nothing: it runs again.
    void end_at_once(std::optional<os::ProgramEnd> how) { machine_->end_at_once = how; }
    /// Of pipes that are opened from now on, whatever was asked for.
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
