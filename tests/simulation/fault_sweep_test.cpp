#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "sanitized.hpp"
#include "simulation/errnos_of.hpp"
#include "simulation/swept_life.hpp"

namespace servicekit::simulation {
namespace {

// Under a sanitizer each call gets only every fifth of its errors, starting at a different one each time, and the process
// dies at every fifth call.
constexpr std::size_t one_in = test::is_sanitized ? 5 : 1;

/// Counts the outcomes of all lives of a sweep.
class Census {
public:
    void add(const SweptLife& life) {
        ++lives_;
        ++outcomes_[life.went_on() ? "went on, " + std::to_string(life.exit_code()) : std::to_string(life.exit_code())];
    }
    void print(const std::string& what) const {
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin_;
        std::cout << what << ": " << lives_ << " lives in " << taken.count() << " s\n  outcomes by exit code:";
        for (const auto& [outcome, count] : outcomes_) std::cout << "  " << outcome << ": " << count;
        std::cout << '\n';
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::uint64_t lives_ = 0;
    std::map<std::string, std::uint64_t> outcomes_;
};

void expect_faultless(const SweptLife& life, const std::string& what) {
    for (const std::string& fault : life.faults()) ADD_FAILURE() << what << ": " << fault;
}

std::string in_words(const mocks::FakeFaults::Operation& operation) {
    return "operation " + std::to_string(operation.number) + ", " + operation.name + " " +
           std::to_string(operation.nth) + (operation.object.empty() ? "" : " of '" + operation.object + "'");
}

TEST(FaultSweepTest, WithoutInjectedFaultsNothingFails) {
    for (const Scenario& scenario : scenarios()) {
        SweptLife life{scenario};
        life.run();
        expect_faultless(life, scenario.name);
        EXPECT_EQ(life.exit_code(), 0) << scenario.name << ": " << life.told();
        EXPECT_TRUE(life.went_on()) << scenario.name;
    }
}

TEST(FaultSweepTest, EveryCallMayFailWithEveryErrorThatItsManualPageLists) {
    Census census;
    std::uint64_t calls = 0;
    std::set<std::string> names;
    std::set<int> errnos;
    for (const Scenario& scenario : scenarios()) {
        SweptLife good{scenario};
        good.run();
        const auto history = good.history();
        calls += history.size();
        for (const auto& operation : history) {
            names.insert(operation.name);
            std::size_t position = operation.number;
            for (const int errno_value : errnos_of(operation.name)) {
                if (++position % one_in != 0) continue;
                errnos.insert(errno_value);
                SweptLife life{scenario};
                life.fail(operation.number, errno_value);
                life.run();
                census.add(life);
                expect_faultless(life, scenario.name + ": " + in_words(operation) + " with " + errno_text(errno_value));
            }
        }
    }
    census.print("fault sweep: " + std::to_string(calls) + " calls of " + std::to_string(names.size()) + " kinds in " +
                 std::to_string(scenarios().size()) + " scenarios, " + std::to_string(errnos.size()) + " errors");
}

TEST(FaultSweepTest, AProcessMayDieAtEveryCall) {
    Census census;
    std::uint64_t calls = 0;
    for (const Scenario& scenario : scenarios()) {
        SweptLife good{scenario};
        good.run();
        const auto history = good.history();
        calls += history.size();
        for (const auto& operation : history) {
            if (operation.number % one_in != 0) continue;
            SweptLife life{scenario};
            life.crash(operation.number);
            life.run();
            census.add(life);
            expect_faultless(life, scenario.name + ": death at " + in_words(operation));
        }
    }
    census.print("crash sweep: " + std::to_string(calls) + " points of death");
}

}  // namespace
}  // namespace servicekit::simulation
