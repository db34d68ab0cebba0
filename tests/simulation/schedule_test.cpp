#include "simulation/schedule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "sanitized.hpp"

namespace servicekit::simulation {
namespace {

constexpr auto seed_variable = "SERVICEKIT_SEED";
constexpr std::uint64_t fixed_seeds = test::is_sanitized ? 150 : 2'000;
constexpr std::uint64_t fresh_seeds = test::is_sanitized ? 20 : 200;

/// The seed to run alone, if one is set: SERVICEKIT_SEED=4711 simulation_tests
std::optional<std::uint64_t> wanted_seed() {
    const char* const text = std::getenv(seed_variable);  // NOLINT(concurrency-mt-unsafe): before any thread
    return text == nullptr ? std::nullopt : std::optional<std::uint64_t>{std::stoull(text)};
}

struct Tally {
    std::uint64_t schedules = 0;
    std::uint64_t lifetimes = 0;
    std::uint64_t calls = 0;
    std::map<std::string, std::size_t> outcomes = {};
};

/// \returns true if nothing went wrong
bool run_schedule(std::uint64_t seed, Tally& tally) {
    Schedule schedule{seed};
    schedule.run();
    ++tally.schedules;
    tally.lifetimes += schedule.lifetimes();
    tally.calls += schedule.operations();
    for (const auto& [outcome, times] : schedule.outcomes()) tally.outcomes[outcome] += times;
    if (schedule.faults().empty()) return true;
    std::string story;
    for (const std::string& line : schedule.story()) story += "  " + line + '\n';
    for (const std::string& line : schedule.faults()) story += "  WRONG: " + line + '\n';
    ADD_FAILURE() << "seed " << seed << " (again with " << seed_variable << "=" << seed << "):\n" << story;
    return false;
}

void run_seeds(std::uint64_t first, std::uint64_t count, const std::string& what) {
    Tally tally;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = first; seed < first + count; ++seed)
        if (!run_schedule(seed, tally)) break;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::cout << "simulation, " << what << ": " << tally.schedules << " schedules, " << tally.lifetimes
              << " lifetimes, " << tally.calls << " system calls in " << taken.count()
              << " s: " << static_cast<std::uint64_t>(static_cast<double>(tally.lifetimes) / taken.count())
              << " lifetimes a second\n  starts by exit code:";
    for (const auto& [outcome, times] : tally.outcomes) std::cout << "  " << outcome << ": " << times;
    std::cout << '\n';
}

TEST(ScheduleTest, TheInvariantsHoldUnderFixedSchedules) {
    if (const auto seed = wanted_seed()) return run_seeds(*seed, 1, "seed " + std::to_string(*seed));
    run_seeds(1, fixed_seeds, "seeds from 1 on");
}

TEST(ScheduleTest, TheInvariantsHoldUnderNewSchedules) {
    if (wanted_seed()) GTEST_SKIP() << seed_variable << " is set";
    const std::uint64_t first = std::random_device{}();
    run_seeds(first, fresh_seeds, "seeds from " + std::to_string(first) + " on");
}

TEST(ScheduleTest, ASeedReproducesItsScheduleExactly) {
    constexpr std::uint64_t seeds = 10;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        Schedule once{seed};
        once.run();
        Schedule again{seed};
        again.run();
        EXPECT_EQ(once.story(), again.story());
        EXPECT_EQ(once.operations(), again.operations());
    }
}

}  // namespace
}  // namespace servicekit::simulation
