#include "simulation/cluster/cluster_trial.hpp"

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

constexpr auto cluster_seed_variable = "SERVICEKIT_SEED";
/// How many lives at least, in place of the number that suits every run of the tests.
constexpr auto lives_variable = "SERVICEKIT_CLUSTER_LIVES";
constexpr std::size_t usual_lives = test::is_sanitized ? 200 : 2'000;

std::optional<std::uint64_t> number_from(const char* variable) {
    const char* const text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread
    return text == nullptr ? std::nullopt : std::optional<std::uint64_t>{std::stoull(text)};
}

struct ClusterTally {
    std::size_t trials = 0;
    std::size_t lives = 0;
    std::size_t activities = 0;
    std::size_t requests = 0;
    std::size_t refused_writes = 0;
    std::map<std::string, std::size_t> actions = {};
};

/// \returns false if something went wrong
bool run_trial(std::uint64_t seed, ClusterTally& tally) {
    ClusterTrial trial{seed};
    trial.run();
    ++tally.trials;
    tally.lives += trial.lives();
    tally.activities += trial.activities();
    tally.requests += trial.requests();
    tally.refused_writes += trial.refused_writes();
    for (const auto& [action, times] : trial.actions()) tally.actions[action] += times;
    if (trial.faults().empty()) return true;
    std::string story;
    for (const std::string& line : trial.story()) story += "  " + line + '\n';
    for (const std::string& line : trial.faults()) story += "  WRONG: " + line + '\n';
    ADD_FAILURE() << "seed " << seed << " (again with " << cluster_seed_variable << "=" << seed << "):\n" << story;
    return false;
}

ClusterTally run_trials(std::uint64_t seed, std::size_t lives, const std::string& what) {
    ClusterTally tally;
    const auto begin = std::chrono::steady_clock::now();
    while (tally.lives < lives && run_trial(seed, tally)) ++seed;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::cout << "simulation of clusters, " << what << ": " << tally.trials << " trials, " << tally.lives << " lives, "
              << tally.activities << " of them active, " << tally.requests << " requests, " << tally.refused_writes
              << " writes with an older token refused, in " << taken.count() << " s\n ";
    for (const auto& [action, times] : tally.actions) std::cout << ' ' << action << ": " << times << ';';
    std::cout << '\n';
    return tally;
}

TEST(ClusterTrialTest, NeverAreTwoActive) {
    if (const auto seed = number_from(cluster_seed_variable)) {
        run_trials(*seed, 1, "seed " + std::to_string(*seed));
        return;
    }
    const auto lives = number_from(lives_variable).value_or(usual_lives);
    const ClusterTally tally = run_trials(1, lives, "seeds from 1 on");
    // Under a sanitizer there are too few lives for something that rare.
    if (lives < 2'000) return;
    EXPECT_GT(tally.refused_writes, 0U) << "no instance that was paused has written too late";
}

TEST(ClusterTrialTest, NeverAreTwoActiveUnderNewSeeds) {
    if (number_from(cluster_seed_variable)) GTEST_SKIP() << cluster_seed_variable << " is set";
    const std::uint64_t first = std::random_device{}();
    run_trials(first, usual_lives / 4, "seeds from " + std::to_string(first) + " on");
}

TEST(ClusterTrialTest, ASeedRepeatsItsTrialExactly) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        ClusterTrial once{seed};
        once.run();
        ClusterTrial again{seed};
        again.run();
        EXPECT_EQ(once.story(), again.story());
        EXPECT_EQ(once.requests(), again.requests());
    }
}

class PlantedFaultTest : public ::testing::TestWithParam<PlantedFault> {};

TEST_P(PlantedFaultTest, IsFound) {
    constexpr std::uint64_t most_seeds = 200;
    std::uint64_t seed = 1;
    for (; seed <= most_seeds; ++seed) {
        ClusterTrial trial{seed, GetParam()};
        trial.run();
        if (!trial.faults().empty()) break;
    }
    EXPECT_LE(seed, most_seeds);
    std::cout << "found with seed " << seed << '\n';
}

INSTANTIATE_TEST_SUITE_P(Planted, PlantedFaultTest,
                         ::testing::Values(PlantedFault::monotonic_deadline, PlantedFault::late_kernel,
                                           PlantedFault::short_leases));

}  // namespace
}  // namespace servicekit::simulation
