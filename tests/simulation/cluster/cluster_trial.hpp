#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_etcd.hpp"
#include "simulation/schedule.hpp"
#include "unit/cluster/machine.hpp"

namespace servicekit::simulation {

/// A fault that is planted, to see that the simulation finds it.
enum class PlantedFault {
    none,
    monotonic_deadline,  ///< the deadline is on a clock that stands still during a suspend
    late_kernel,         ///< the kernel kills a TTL too late
    short_leases,        ///< etcd lets leases lapse too early
};

/// Random faults of contenders on several machines, of etcd and of the network between them. A seed chooses them.
/// Records what must never happen: two active instances; a token that does not grow; nobody active though all is well.
///
/// A machine that a hypervisor pauses with its clocks cannot know that it is active no more. So all instances write to
/// one store, which refuses what has an older token than what it has accepted. The store must not accept one token from
/// two instances, and must not refuse an instance that is active.
class ClusterTrial {
public:
    explicit ClusterTrial(std::uint64_t seed, PlantedFault planted = PlantedFault::none);
    ~ClusterTrial();
    ClusterTrial(const ClusterTrial&) = delete;
    ClusterTrial& operator=(const ClusterTrial&) = delete;

    void run();

    [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }
    [[nodiscard]] const std::vector<std::string>& story() const noexcept { return story_; }
    /// Processes that were started.
    [[nodiscard]] std::size_t lives() const noexcept { return lives_; }
    /// How often an instance became active.
    [[nodiscard]] std::size_t activities() const noexcept { return activities_; }
    [[nodiscard]] const std::map<std::string, std::size_t>& actions() const noexcept { return actions_; }
    [[nodiscard]] std::size_t requests() const;
    /// Writes that the store has refused, as their token was older than another.
    [[nodiscard]] std::size_t refused_writes() const noexcept { return refused_writes_; }

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Site;

    void act();
    void act_on_site(Site& site);
    void act_on_etcd();
    void run_node(std::size_t node);
    void heal();
    void pass_until(Time end);
    void settle();
    [[nodiscard]] Time next() const;
    /// Returns how late the kernel kills.
    [[nodiscard]] std::chrono::milliseconds lateness() const;
    void check();
    void note(const std::string& action, const std::string& what);
    void wrong(const std::string& what);
    void later(std::chrono::nanoseconds delay, std::function<void()> call);
    [[nodiscard]] std::chrono::milliseconds some_time();
    void start(Site& site);
    void won(Site& site);
    void lost(Site& site, std::chrono::milliseconds time);
    void end_life(Site& site);
    /// The application of the site writes to the store, with the token of its activity.
    void write(const Site& site);
    /// After a restore, tokens begin again, and so does the store.
    void forget_tokens();
    [[nodiscard]] bool may_act(const Site& site) const;

    Dice dice_;
    PlantedFault planted_;
    mocks::FakeClock clock_;
    mocks::FakeEtcd etcd_{clock_};
    std::chrono::seconds ttl_;
    std::optional<mocks::FakeEtcdStore> backup_;
    std::vector<std::unique_ptr<Site>> sites_;
    std::multimap<Time, std::function<void()>> agenda_;
    std::uint64_t greatest_token_ = 0;
    /// What the store has accepted last.
    struct Written {
        std::uint64_t token = 0;
        std::string site = {};
        std::uint64_t life = 0;
    };
    Written written_;
    std::size_t refused_writes_ = 0;
    std::uint64_t restores_ = 0;
    std::chrono::milliseconds kernel_lateness_{0};
    bool is_slow_ = false;         ///< replies take their time
    std::size_t loss_chance_ = 0;  ///< one message in so many is lost; 0: none
    bool is_healed_ = false;
    bool is_restoring_ = false;  ///< no node of etcd runs until that is over
    std::size_t lives_ = 0;
    std::size_t activities_ = 0;
    std::map<std::string, std::size_t> actions_;
    std::vector<std::string> faults_;
    std::vector<std::string> story_;
    Time begin_;
};

}  // namespace servicekit::simulation
