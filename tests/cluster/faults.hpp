#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/contender.hpp"
#include "cluster/etcd.hpp"
#include "cluster/network.hpp"
#include "cluster/verdict.hpp"
#include "cluster/witness.hpp"

namespace servicekit::test {

/// Nanoseconds of CLOCK_BOOTTIME between an event and what followed.
using Durations = std::vector<std::chrono::nanoseconds>;

/// Three etcd servers and five contenders, to which faults happen one after the other. After each fault everything is
/// repaired, and a contender becomes active.
class FaultyCluster {
public:
    static constexpr int contenders = 5;
    static constexpr std::chrono::seconds ttl{3};

    /// \param network null: nothing can be cut off
    FaultyCluster(const std::string& directory, const Network* network, std::uint64_t seed);

    /// Does a fault that the seed chooses, and repairs everything. \returns what was done
    std::string next();

    /// What was done how often.
    [[nodiscard]] const std::map<std::string, int>& done() const noexcept { return done_; }
    /// How often, after which fault, the kernel killed a contender at its deadline that was not to be killed.
    [[nodiscard]] const std::map<std::string, int>& deaths() const noexcept { return deaths_; }
    /// What contradicts a promise other than that at most one is active.
    [[nodiscard]] const std::vector<std::string>& complaints() const noexcept { return complaints_; }
    /// How often the active one lost the lock in vain, because the machine was too busy for etcd.
    [[nodiscard]] int excused() const noexcept { return excused_; }
    /// Times from a kill of the active one to the first stamp of the next.
    [[nodiscard]] const Durations& failovers() const noexcept { return failovers_; }
    /// Times from the last stamp of the one that resigns to the first stamp of the next.
    [[nodiscard]] const Durations& handovers() const noexcept { return handovers_; }
    [[nodiscard]] Verdict verdict() const { return judge(witness_); }
    /// Logs of etcd and of the contenders, for the message of a failed test.
    [[nodiscard]] std::string logs() const;

private:
    struct Fault {
        std::string_view name;
        int weight;
        bool needs_network;
        void (FaultyCluster::*act)();
    };
    static const std::array<Fault, 29> faults;

    // Of contenders.
    void kill_active();
    void kill_standby();
    void end_active();
    void end_standby();
    void stop_active_shortly();
    void stop_active_for_long();
    void stop_standby_for_long();
    void hang_in_on_stop();
    void resign();
    void revoke_lease();
    void delete_key();
    void delete_key_of_standby();
    // Of etcd.
    void kill_follower();
    void kill_leader();
    void end_follower();
    void end_leader();
    void stop_follower_for_long();
    void stop_leader_shortly();
    void stop_leader_for_long();
    void restart_all();
    void kill_all();
    // Of the network.
    void cut_active_shortly();
    void cut_active_for_long();
    void cut_standby_for_long();
    void cut_follower_for_long();
    void cut_leader_shortly();
    void cut_leader_for_long();
    void leave_active_a_follower();
    void leave_active_a_replaced_leader();

    [[nodiscard]] int random(int below);
    /// Waits for a random time between two parts of the TTL.
    void pass(double least, double most);
    void pass_shortly() { pass(0.05, 0.5); }
    void pass_for_long() { pass(1.2, 2.0); }

    [[nodiscard]] Contender& contender(int number);
    [[nodiscard]] int active();
    [[nodiscard]] int standby();
    [[nodiscard]] int follower();
    [[nodiscard]] int machine_of(int contender) const;
    [[nodiscard]] Etcd::Entry await_entry(const std::function<bool(const Etcd::Entry&)>& is_wanted) const;
    [[nodiscard]] Etcd::Entry entry_of_active() const;
    [[nodiscard]] Etcd::Entry entry_of_a_standby() const;
    [[nodiscard]] std::uint64_t newest_token() const;
    /// Waits for the first stamp with a greater token.
    [[nodiscard]] Activity await_token_above(std::uint64_t token) const;
    /// Does something from which the active one must not suffer, unless etcd gets no CPU at the same time.
    void spare_the_active(std::string_view what, const std::function<void()>& act);
    void kill_and_start(int node);
    void end_and_start(int node);
    void stop_and_continue(int node);
    void cut_and_join(int node);
    /// Starts contenders that have ended, and waits until one is active.
    void repair();
    void start_what_has_ended();

    std::mt19937_64 choice_;
    const Network* network_;
    Etcd etcd_;
    std::string witness_file_;
    Witness witness_;
    std::vector<std::unique_ptr<Contender>> contenders_;
    std::map<std::string, int> done_;
    std::map<std::string, int> deaths_;
    std::vector<std::string> complaints_;
    int excused_ = 0;
    Durations failovers_;
    Durations handovers_;
    std::string last_;
};

}  // namespace servicekit::test
