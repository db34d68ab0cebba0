#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/mocks/fake_life.hpp"
#include "simulation/trial_machine.hpp"

namespace servicekit::simulation {

/// A life without failures.
struct Scenario {
    enum class Ending { stop_request, term, kill_request, interrupt };

    std::string name;
    TrialMachine::Deployment deployment;
    Ending ending;
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

/// One whole life of the trial service with at most one failure: start, status, an event of its own, two reloads, two
/// log reopens, and an end. Records everything that a service must never do.
class SweptLife {
public:
    explicit SweptLife(Scenario scenario) : scenario_{std::move(scenario)}, machine_{scenario_.deployment} {}

    /// Makes the operation of this number fail.
    void fail(std::uint64_t number, int errno_value) { machine_.os.faults.fail(number, errno_value); }
    /// Kills the process at this operation. A start afterwards must work.
    void crash(std::uint64_t number) {
        crashes_ = true;
        machine_.os.faults.crash(number);
    }

    void run();

    /// Returns what went wrong, one line each.
    [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }
    [[nodiscard]] std::uint64_t operations() const noexcept { return operations_; }
    [[nodiscard]] const std::vector<mocks::FakeFaults::Operation>& history() const {
        return machine_.os.faults.operations();
    }
    /// Returns the exit code of the started process, or of the service if the start succeeded.
    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }
    /// Returns true if the service went on in spite of the failure.
    [[nodiscard]] bool went_on() const noexcept { return went_on_; }
    [[nodiscard]] std::string told() const { return machine_.told(); }

private:
    using Operation = mocks::FakeFaults::Operation;

    void live();
    void serve(mocks::FakeLife& life);
    void end(mocks::FakeLife& life);
    void start_again();
    void ask(mocks::FakeLife& life, const std::string& request);
    void check_running(mocks::FakeLife& life);
    void check_end();
    void check_outcome();
    void check_told(const Operation& failed);
    [[nodiscard]] bool is_of_record(const Operation& failed) const;
    [[nodiscard]] std::optional<int> promised_exit(const Operation& failed) const;
    void expect(bool holds, const std::string& fault) {
        if (!holds) faults_.push_back(fault);
    }

    Scenario scenario_;
    TrialMachine machine_;
    bool crashes_ = false;
    std::vector<std::string> faults_;
    std::string replies_;
    std::uint64_t operations_ = 0;
    std::uint64_t operations_until_ready_ = 0;
    std::uint64_t operations_until_end_ = 0;
    std::optional<int> start_code_;  ///< nothing if the started process is the service
    int exit_code_ = 0;
    bool went_on_ = false;
};

}  // namespace servicekit::simulation
