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

/// Chance that is the same with each compiler and library.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_{seed} {}
    /// \returns a number below `sides`.
    std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(engine_() % sides); }
    bool one_in(std::size_t chances) { return roll(chances) == 0; }
    std::chrono::milliseconds up_to(std::chrono::milliseconds most) {
        return std::chrono::milliseconds{roll(static_cast<std::size_t>(most.count()) + 1)};
    }

private:
    std::mt19937_64 engine_;
};

/// What operators, users and bad luck do to the would-be instances of one service, and when, all of it chosen by a
/// seed; and which of the processes goes on after each of their system calls. Notes what must never be:
/// two instances that run, one that runs without lock, pidfile or an answer, a start or a stop without an end, an end
/// that nobody asked for, a descriptor or a lock that is left.
class Schedule {
public:
    explicit Schedule(std::uint64_t seed);
    ~Schedule();
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    void run();

    /// What went wrong, one line each.
    [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }
    /// What was done, one line each: to read after a fault, and to compare.
    [[nodiscard]] const std::vector<std::string>& story() const noexcept { return story_; }
    /// How many services were started.
    [[nodiscard]] std::size_t lifetimes() const noexcept { return lives_.size(); }
    [[nodiscard]] std::uint64_t operations() const noexcept { return os_.faults.count(); }
    /// How often a start ended with which exit code, or by which signal.
    [[nodiscard]] const std::map<std::string, std::size_t>& outcomes() const noexcept { return outcomes_; }

private:
    /// One start, and what became of it.
    struct Life {
        std::unique_ptr<mocks::FakeLife> life;
        pid_t starter;
        bool was_disturbed = false;  ///< somebody has ended it, or tried to
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
