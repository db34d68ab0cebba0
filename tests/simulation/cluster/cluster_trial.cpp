#include "simulation/cluster/cluster_trial.hpp"

#include <algorithm>
#include <utility>

namespace servicekit::simulation {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A machine, and what happens to it.
struct ClusterTrial::Site {
    explicit Site(std::string name) : name{std::move(name)} {}
    std::string name;
    std::unique_ptr<cluster::Machine> machine = {};
    bool is_stopped = false;    ///< SIGSTOP
    bool is_suspended = false;  ///< the whole machine; its kernel does not run either
    bool is_paused = false;     ///< by a hypervisor, with its clocks
    /// It was paused while it was active, or about to be. Only the token tells.
    bool cannot_know = false;
    bool is_leaving = false;  ///< stand_down() runs
    std::uint64_t life = 0;
    std::uint64_t token = 0;
    std::uint64_t restores = 0;  ///< of etcd, before it got the token

    [[nodiscard]] bool is_still() const { return is_stopped || is_suspended || is_paused; }
    [[nodiscard]] bool has_kernel() const { return !is_suspended && !is_paused; }
};

ClusterTrial::ClusterTrial(std::uint64_t seed, PlantedFault planted)
    : dice_{seed}, planted_{planted}, ttl_{2 + static_cast<int>(dice_.roll(4))}, begin_{clock_.steady_now()} {
    etcd_.fate = [this](const mocks::FakeEtcd::Message&) {
        mocks::FakeEtcd::Fate fate;
        if (is_healed_) return fate;
        fate.there = std::chrono::microseconds{100 + dice_.roll(3000)};
        fate.back = std::chrono::microseconds{100 + dice_.roll(3000)};
        if (is_slow_ && dice_.one_in(2)) fate.back += std::chrono::microseconds{dice_.roll(300'000)};
        if (loss_chance_ == 0) return fate;
        fate.is_lost_there = dice_.one_in(loss_chance_);
        fate.is_lost_back = dice_.one_in(loss_chance_);
        fate.is_doubled = dice_.one_in(loss_chance_);
        if (dice_.one_in(loss_chance_)) fate.there += std::chrono::microseconds{dice_.roll(800'000)};
        if (dice_.one_in(loss_chance_)) fate.back += std::chrono::microseconds{dice_.roll(800'000)};
        return fate;
    };
    etcd_.store.lateness = dice_.one_in(2) ? 0ms : dice_.up_to(500ms);
    kernel_lateness_ = dice_.up_to(50ms);
    const std::size_t count = 3 + dice_.roll(3);
    for (std::size_t i = 0; i < count; ++i) sites_.push_back(std::make_unique<Site>("machine" + std::to_string(i)));
}

ClusterTrial::~ClusterTrial() = default;

std::size_t ClusterTrial::requests() const {
    std::size_t all = 0;
    for (const auto& [path, count] : etcd_.served) all += count;
    return all;
}

void ClusterTrial::run() {
    for (const auto& site : sites_) later(some_time(), [this, &site = *site] { start(site); });
    constexpr int steps = 300;
    for (int i = 0; i < steps && faults_.empty(); ++i) {
        pass_until(clock_.steady_now() + dice_.up_to(600ms));
        act();
    }
    if (!faults_.empty()) return;
    heal();
    pass_until(clock_.steady_now() + 8 * ttl_ + 4s);
    const auto active = std::count_if(sites_.begin(), sites_.end(), [](const auto& site) {
        return site->machine->runs() && site->machine->has_won && site->machine->is_active();
    });
    if (faults_.empty() && active != 1) wrong(std::to_string(active) + " are active though all is well");
}

void ClusterTrial::note(const std::string& action, const std::string& what) {
    ++actions_[action];
    story_.push_back(std::to_string((clock_.steady_now() - begin_) / 1ms) + " ms: " + action + ' ' + what);
}

void ClusterTrial::wrong(const std::string& what) {
    faults_.push_back(std::to_string((clock_.steady_now() - begin_) / 1ms) + " ms: " + what);
}

void ClusterTrial::later(nanoseconds delay, std::function<void()> call) {
    agenda_.emplace(clock_.steady_now() + delay, std::move(call));
}

milliseconds ClusterTrial::some_time() {
    // Shorter than a TTL, or longer.
    return dice_.one_in(2) ? dice_.up_to(milliseconds{ttl_} / 2) : dice_.up_to(2 * milliseconds{ttl_});
}

// The life of an instance.

void ClusterTrial::start(Site& site) {
    if (site.machine && site.machine->runs()) return;
    ++lives_;
    ++site.life;
    site.is_leaving = site.cannot_know = false;
    site.is_stopped = false;
    note("start", site.name);
    if (site.machine) return site.machine->start();
    site.machine = std::make_unique<cluster::Machine>(etcd_, clock_, site.name, ttl_);
    site.machine->clock.rate = 1.0 + (static_cast<double>(dice_.roll(401)) - 200.0) / 1'000'000;
    site.machine->clock.is_monotonic_only = planted_ == PlantedFault::monotonic_deadline;
    site.machine->on_won = [this, &site] { won(site); };
    site.machine->on_lost = [this, &site](milliseconds time) { lost(site, time); };
}

void ClusterTrial::won(Site& site) {
    ++activities_;
    site.token = site.machine->state->token;
    // One that was paused may have got its token before a restore.
    if (!site.cannot_know) site.restores = restores_;
    note("won", site.name + ", token " + std::to_string(site.token));
    // Who gets its writes refuses what such an instance sends with an older token.
    if (site.token <= greatest_token_ && !site.cannot_know)
        wrong("the token " + std::to_string(site.token) + " of " + site.name + " is not greater than " +
              std::to_string(greatest_token_));
    greatest_token_ = std::max(greatest_token_, site.token);
}

void ClusterTrial::write(const Site& site) {
    // The token is of another time. The guide says what to do with the stores then.
    if (site.restores != restores_) return;
    if (site.token < written_.token) {
        ++refused_writes_;
        if (may_act(site))
            wrong("the store refuses the token " + std::to_string(site.token) + " of " + site.name +
                  ", which is active, after " + std::to_string(written_.token));
        return;
    }
    if (site.token == written_.token && (site.name != written_.site || site.life != written_.life))
        wrong("the store accepts the token " + std::to_string(site.token) + " of " + site.name + " and of " +
              written_.site);
    written_ = {site.token, site.name, site.life};
}

void ClusterTrial::forget_tokens() {
    ++restores_;
    greatest_token_ = 0;
    written_ = {};
}

void ClusterTrial::lost(Site& site, milliseconds time) {
    note("lost", site.name + ", " + std::to_string(time.count()) + " ms: " + site.machine->losses.back().reason);
    if (dice_.one_in(5)) return;  // its on_stop() hangs
    later(dice_.up_to(time), [this, &site, life = site.life] {
        if (site.life == life && site.machine->runs() && !site.is_leaving) end_life(site);
    });
}

void ClusterTrial::end_life(Site& site) {
    if (site.is_still()) {
        // Its on_stop() goes on later.
        return later(50ms, [this, &site, life = site.life] {
            if (site.life == life && site.machine->runs() && !site.is_leaving) end_life(site);
        });
    }
    note("inactive", site.name);
    site.is_leaving = true;
    site.machine->begin_stand_down();
    later(1s, [this, &site, life = site.life] {
        if (site.life != life || !site.machine->runs()) return;
        const bool begins_again = dice_.one_in(2);
        site.machine->kill();
        if (begins_again) start(site);
    });
}

// What happens.

void ClusterTrial::act() {
    if (dice_.one_in(3))
        act_on_etcd();
    else
        act_on_site(*sites_[dice_.roll(sites_.size())]);
}

void ClusterTrial::act_on_site(Site& site) {
    if (!site.machine || !site.machine->runs()) {
        if (dice_.one_in(2)) start(site);
        return;
    }
    cluster::Machine& machine = *site.machine;
    switch (dice_.roll(9)) {
        case 0:
            note("kill", site.name);
            machine.kill();
            break;
        case 1: {
            if (site.is_still()) break;
            note("stop for a while", site.name);
            site.is_stopped = true;
            later(some_time(), [&site, life = site.life] {
                if (site.life == life) site.is_stopped = false;
            });
            break;
        }
        case 2: {
            if (site.is_still()) break;
            note("suspend", site.name);
            site.is_suspended = true;
            const auto time = some_time();
            later(time, [&site, time] {
                site.machine->clock.suspended += time;
                site.is_suspended = false;
            });
            break;
        }
        case 3: {
            if (site.is_still()) break;
            note("pause by the hypervisor", site.name);
            site.is_paused = true;
            site.cannot_know = machine.stage() >= cluster::Election::Stage::claiming;
            if (site.cannot_know && !machine.has_won) site.restores = restores_;
            const auto time = some_time();
            site.machine->clock.freeze();
            later(time, [&site] {
                site.machine->clock.thaw();
                site.is_paused = false;
            });
            break;
        }
        case 4:
            note("set the clock", site.name);
            machine.clock.set_by += std::chrono::seconds{static_cast<int>(dice_.roll(7200)) - 3600};
            break;
        case 5:
            if (site.is_still() || site.is_leaving) break;
            note("stop", site.name);
            end_life(site);
            break;
        default: {
            const bool all = dice_.one_in(3);
            note("cut off", site.name);
            for (std::size_t node = 0; node < 3; ++node) {
                if (!all && dice_.one_in(2)) continue;
                etcd_.set_connected(site.name, node, false);
                later(some_time(), [this, &site, node] { etcd_.set_connected(site.name, node, true); });
            }
        }
    }
}

void ClusterTrial::act_on_etcd() {
    const std::size_t node = dice_.roll(3);
    const std::string name = "etcd" + std::to_string(node + 1);
    switch (dice_.roll(9)) {
        case 0:
            note("stop a node", name);
            etcd_.set_running(node, false);
            later(some_time(), [this, node] { run_node(node); });
            break;
        case 1:
            note("cut off a node", name);
            etcd_.set_in_quorum(node, false);
            later(some_time(), [this, node] { etcd_.set_in_quorum(node, true); });
            break;
        case 2:
            note("change the leader", "");
            etcd_.change_leader();
            break;
        case 3:
            note("a leader of the past", name);
            etcd_.set_stale(node, true);
            later(some_time(), [this, node] { etcd_.set_stale(node, false); });
            break;
        case 4:
        case 5: {
            const auto keys = etcd_.store.keys_with("/servicekit/trial/");
            if (keys.empty()) break;
            const std::string key = keys[dice_.roll(keys.size())];
            if (dice_.one_in(2)) {
                note("delete a key", key);
                etcd_.store.erase(key);
            } else {
                note("revoke a lease", key);
                etcd_.store.revoke(etcd_.store.keys.at(key).lease);
            }
            break;
        }
        case 6:
            if (dice_.one_in(2)) {
                note("delay replies", "");
                is_slow_ = true;
                later(2 * some_time(), [this] { is_slow_ = false; });
                break;
            }
            note("lose messages", "");
            loss_chance_ = 4 + dice_.roll(40);
            later(some_time(), [this] { loss_chance_ = 0; });
            break;
        case 7: {
            note("stop all nodes", "");
            const auto time = some_time();
            for (std::size_t i = 0; i < 3; ++i) {
                etcd_.set_running(i, false);
                later(time, [this, i] { run_node(i); });
            }
            break;
        }
        default:
            if (!backup_) {
                backup_ = etcd_.store;
                break;
            }
            if (is_restoring_ || !dice_.one_in(4)) break;
            // Restoring takes longer than a TTL.
            note("restore a backup", "");
            for (std::size_t i = 0; i < 3; ++i) etcd_.set_running(i, false);
            is_restoring_ = true;
            later(milliseconds{ttl_} + 100ms,
                  [this, same = dice_.one_in(2), backup = *std::exchange(backup_, std::nullopt)] {
                      is_restoring_ = false;
                      for (std::size_t i = 0; i < 3; ++i) run_node(i);
                      etcd_.restore(backup, same);
                      forget_tokens();
                  });
    }
}

void ClusterTrial::run_node(std::size_t node) {
    if (!is_restoring_) etcd_.set_running(node, true);
}

void ClusterTrial::heal() {
    note("heal", "");
    is_healed_ = true;
    const auto pending = std::exchange(agenda_, {});
    for (const auto& [time, call] : pending) agenda_.emplace(std::min(time, clock_.steady_now() + 2 * ttl_), call);
    later(2 * milliseconds{ttl_} + 1ms, [this] {
        for (std::size_t node = 0; node < 3; ++node) {
            run_node(node);
            etcd_.set_in_quorum(node, true);
            etcd_.set_stale(node, false);
            for (const auto& site : sites_) etcd_.set_connected(site->name, node, true);
        }
        for (const auto& site : sites_) start(*site);
    });
    // Those that ended before are started again.
    for (int i = 3; i < 6; ++i)
        later(i * milliseconds{ttl_}, [this] {
            for (const auto& site : sites_) start(*site);
        });
}

// Time.

bool ClusterTrial::may_act(const Site& site) const {
    return site.machine && site.machine->runs() && site.machine->has_won && site.has_kernel() && !site.cannot_know;
}

void ClusterTrial::check() {
    const auto active =
        std::count_if(sites_.begin(), sites_.end(), [this](const auto& site) { return may_act(*site); });
    if (active < 2) return;
    std::string names;
    for (const auto& site : sites_)
        if (may_act(*site)) names += ' ' + site->name;
    wrong("two are active:" + names);
}

milliseconds ClusterTrial::lateness() const {
    return planted_ == PlantedFault::late_kernel ? milliseconds{ttl_} : kernel_lateness_;
}

ClusterTrial::Time ClusterTrial::next() const {
    Time first = etcd_.next_event().value_or(Time::max());
    if (!agenda_.empty()) first = std::min(first, agenda_.begin()->first);
    const Time now = clock_.steady_now();
    constexpr nanoseconds step{1};
    for (const auto& site : sites_) {
        if (!site->machine || !site->machine->runs() || !site->has_kernel()) continue;
        const auto here = site->machine->clock.boot_now();
        const auto add = [&](os::BootClock::time_point time) {
            if (time == os::BootClock::time_point::max()) return;
            first = std::min(first, now + std::max<nanoseconds>(time - here, step));
        };
        if (site->machine->kill_at) add(*site->machine->kill_at + lateness());
        if (!site->is_still()) add(site->machine->driver->election().next_tick());
    }
    return std::max(first, now + step);
}

void ClusterTrial::settle() {
    for (int rounds = 0; rounds < 2; ++rounds) {
        while (!agenda_.empty() && agenda_.begin()->first <= clock_.steady_now()) {
            const auto call = std::move(agenda_.begin()->second);
            agenda_.erase(agenda_.begin());
            call();
        }
        for (const auto& site : sites_) {
            if (!site->machine || !site->machine->runs() || !site->has_kernel()) continue;
            const auto& kill_at = site->machine->kill_at;
            if (!kill_at || *kill_at + lateness() > site->machine->clock.boot_now()) continue;
            note("killed by the kernel", site->name);
            site->machine->kill();
            if (dice_.one_in(2)) later(some_time(), [this, &site = *site] { start(site); });
        }
        etcd_.settle();
        if (planted_ == PlantedFault::short_leases)
            for (auto& [id, lease] : etcd_.store.leases)
                lease.end = std::min(lease.end, clock_.steady_now() + milliseconds{lease.ttl} * 6 / 10);
        for (const auto& site : sites_) {
            if (!site->machine || site->is_still()) continue;
            // Its kernel may have had to end it while it stood still.
            const auto& kill_at = site->machine->kill_at;
            if (kill_at && *kill_at + lateness() <= site->machine->clock.boot_now()) continue;
            // The application may be faster than the lock.
            if (site->machine->runs() && site->machine->has_won) write(*site);
            site->machine->turn();
        }
        check();
    }
}

void ClusterTrial::pass_until(Time end) {
    for (;;) {
        settle();
        if (!faults_.empty() || clock_.steady_now() >= end) return;
        clock_.advance(std::min(next(), end) - clock_.steady_now());
    }
}

}  // namespace servicekit::simulation
