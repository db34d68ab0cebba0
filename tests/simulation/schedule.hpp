#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit::simulation {

/// Random numbers that are the same with every compiler and library.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_{seed} {}
    /// \returns a number below `sides`
    std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(engine_() % sides); }
    bool one_in(std::size_t chances) { return roll(chances) == 0; }
    std::chrono::milliseconds up_to(std::chrono::milliseconds most) {
        return std::chrono::milliseconds{roll(static_cast<std::size_t>(most.count()) + 1)};
    }

private:
    std::mt19937_64 engine_;
};

/// Random actions of operators, users and faults on the instances of one service. A seed chooses the actions, their
/// times, and which process continues after each system call. Records what must never happen: two running instances;
/// one that runs without a lock, a pidfile or an answer; a start or a stop that does not end; an end that nobody
/// requested; a descriptor or a lock that is left.
class Schedule {
public:
    explicit Schedule(std::uint64_t seed);
    ~Schedule();
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    void run();

    /// Returns what went wrong, one line each.
    [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }
    /// Returns what was done, one line each, to read after a fault and to compare.
    [[nodiscard]] const std::vector<std::string>& story() const noexcept { return story_; }
    /// Returns the number of services that were started.
    [[nodiscard]] std::size_t lifetimes() const noexcept { return lives_.size(); }
    [[nodiscard]] std::uint64_t operations() const noexcept { return os_.faults.count(); }
    /// Returns how often a start ended with each exit code or signal.
    [[nodiscard]] const std::map<std::string, std::size_t>& outcomes() const noexcept { return outcomes_; }

private:
    /// One start and its outcome.
    struct Life {
        std::unique_ptr<mocks::FakeLife> life;
        pid_t starter;
        bool was_disturbed = false;  ///< something has ended it, or tried to
    };
    class Trial;

    void act();
    void start();
    void signal(int number);
    void kill();
    void interrupt_a_start();
    void ask(const std::string& request);
    void let_time_pass();
    void finish();
    void check();
    void check_always();
    void check_instance(Life& life);
    void check_ends();
    [[nodiscard]] Life* running();
    [[nodiscard]] Life* family_of(pid_t pid);
    void has_to_end(Life& life, std::chrono::milliseconds at_most);
    [[nodiscard]] std::string now() const;
    void tell(const std::string& line) { story_.push_back(now() + line); }
    void fault(const std::string& line) { faults_.push_back(now() + line); }

    Dice dice_;
    mocks::FakeOs os_;
    const std::chrono::steady_clock::time_point begin_ = os_.clock.steady_now();
    std::vector<Life> lives_;
    std::map<pid_t, std::chrono::steady_clock::time_point> ends_by_;
    std::vector<mocks::FakeClient> clients_;
    std::vector<std::string> faults_;
    std::vector<std::string> story_;
    std::map<std::string, std::size_t> outcomes_;
};

}  // namespace servicekit::simulation
