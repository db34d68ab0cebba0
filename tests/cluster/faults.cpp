#include "cluster/faults.hpp"

#include <algorithm>
#include <csignal>
#include <set>
#include <stdexcept>
#include <thread>

#include "prometheus/prometheus_server.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;

/// What the kernel does to a process at its deadline.
constexpr int killed = 128 + SIGKILL;
/// A loss, after which the service ends.
constexpr int lost = 75;

std::string end_of(const std::string& log) {
    constexpr std::size_t most = 3'000;
    return log.substr(log.size() - std::min(log.size(), most));
}

bool is_recent(std::int64_t time) { return boot_time() - time < 500'000'000; }

/// The last stamp that its writer has completed.
const Stamp* last_stamp(const Witness& witness) {
    for (std::uint64_t index = std::min(witness.count(), Witness::capacity); index > 0; --index)
        if (witness.stamp(index - 1).token.load(std::memory_order_acquire) != 0) return &witness.stamp(index - 1);
    return nullptr;
}

}  // namespace

const std::array<FaultyCluster::Fault, 29> FaultyCluster::faults{{
    {"active killed with -9", 10, false, &FaultyCluster::kill_active},
    {"standby killed with -9", 2, false, &FaultyCluster::kill_standby},
    {"active restarted", 3, false, &FaultyCluster::end_active},
    {"standby restarted", 1, false, &FaultyCluster::end_standby},
    {"active stopped for less than the TTL", 3, false, &FaultyCluster::stop_active_shortly},
    {"active stopped for more than the TTL", 4, false, &FaultyCluster::stop_active_for_long},
    {"standby stopped for more than the TTL", 2, false, &FaultyCluster::stop_standby_for_long},
    {"active lost while on_stop hangs", 4, false, &FaultyCluster::hang_in_on_stop},
    {"active resigned", 4, false, &FaultyCluster::resign},
    {"lease of the active revoked", 3, false, &FaultyCluster::revoke_lease},
    {"key of the active deleted", 3, false, &FaultyCluster::delete_key},
    {"key of a standby deleted", 2, false, &FaultyCluster::delete_key_of_standby},
    {"follower killed with -9", 3, false, &FaultyCluster::kill_follower},
    {"leader killed with -9", 4, false, &FaultyCluster::kill_leader},
    {"follower restarted", 2, false, &FaultyCluster::end_follower},
    {"leader restarted", 3, false, &FaultyCluster::end_leader},
    {"follower stopped for more than the TTL", 3, false, &FaultyCluster::stop_follower_for_long},
    {"leader stopped for less than the TTL", 3, false, &FaultyCluster::stop_leader_shortly},
    {"leader stopped for more than the TTL", 4, false, &FaultyCluster::stop_leader_for_long},
    {"all of etcd restarted", 2, false, &FaultyCluster::restart_all},
    {"all of etcd killed with -9", 2, false, &FaultyCluster::kill_all},
    {"active cut off for less than the TTL", 3, true, &FaultyCluster::cut_active_shortly},
    {"active cut off for more than the TTL", 5, true, &FaultyCluster::cut_active_for_long},
    {"standby cut off for more than the TTL", 2, true, &FaultyCluster::cut_standby_for_long},
    {"follower cut off for more than the TTL", 3, true, &FaultyCluster::cut_follower_for_long},
    {"leader cut off for less than the TTL", 3, true, &FaultyCluster::cut_leader_shortly},
    {"leader cut off for more than the TTL", 4, true, &FaultyCluster::cut_leader_for_long},
    {"active cut off from all servers but a follower", 3, true, &FaultyCluster::leave_active_a_follower},
    {"active cut off from all servers but a leader that was replaced", 4, true,
     &FaultyCluster::leave_active_a_replaced_leader},
}};

FaultyCluster::FaultyCluster(const std::string& directory, const Network* network, std::uint64_t seed)
    : choice_{seed},
      network_{network},
      etcd_{{.network = network, .arguments = {"--heartbeat-interval=100", "--election-timeout=1000"}}},
      witness_file_{directory + "/witness"},
      witness_{witness_file_} {
    for (int number = 0; number < contenders; ++number) {
        // Both ways to go on after a loss.
        const Object settings{{"cluster-ttl", ttl.count()}, {"after-loss", number < 3 ? "exit" : "standby"}};
        contenders_.push_back(std::make_unique<Contender>(etcd_, directory,
                                                          Contender::Options{.number = number,
                                                                             .settings = settings,
                                                                             .network = network,
                                                                             .machine = machine_of(number),
                                                                             .witness = witness_file_}));
        contenders_.back()->start();
    }
    repair();
}

std::string FaultyCluster::next() {
    std::array<int, std::size(faults)> weights{};
    std::transform(faults.begin(), faults.end(), weights.begin(),
                   [&](const Fault& fault) { return fault.needs_network && network_ == nullptr ? 0 : fault.weight; });
    const Fault& fault = faults[std::discrete_distribution<std::size_t>{weights.begin(), weights.end()}(choice_)];
    last_ = fault.name;
    (this->*fault.act)();
    repair();
    ++done_[last_];
    return last_;
}

std::string FaultyCluster::logs() const {
    std::string all = "fault: " + last_ + "\n" + etcd_.logs();
    for (const auto& contender : contenders_) {
        all += "contender " + std::to_string(contender->number()) + ":\n" + end_of(contender->log());
    }
    return all;
}

int FaultyCluster::random(int below) { return std::uniform_int_distribution<int>{0, below - 1}(choice_); }

void FaultyCluster::pass(double least, double most) {
    const std::chrono::duration<double> time = ttl * std::uniform_real_distribution<double>{least, most}(choice_);
    std::this_thread::sleep_for(time);
}

int FaultyCluster::active() {
    int found = -1;
    await_scrapes("a contender is active", [&] {
        const Stamp* const stamp = last_stamp(witness_);
        if (stamp == nullptr || !is_recent(stamp->time)) return false;
        found = static_cast<int>(stamp->writer);
        return contender(found).runs() && contender(found).pid() == stamp->pid;
    });
    return found;
}

Contender& FaultyCluster::contender(int number) { return *contenders_.at(static_cast<std::size_t>(number)); }

int FaultyCluster::standby() { return (active() + 1 + random(contenders - 1)) % contenders; }

int FaultyCluster::follower() { return (etcd_.leader() + 1 + random(etcd_.size() - 1)) % etcd_.size(); }

int FaultyCluster::machine_of(int contender) const { return etcd_.size() + contender; }

std::uint64_t FaultyCluster::newest_token() const {
    const Stamp* const stamp = last_stamp(witness_);
    return stamp == nullptr ? 0 : stamp->token.load();
}

Activity FaultyCluster::await_token_above(std::uint64_t token) const {
    await_scrapes("another contender is active", [&] { return newest_token() > token; });
    for (const Activity& activity : judge(witness_).activities)
        if (activity.token > token) return activity;
    throw std::logic_error{"no activity has the token"};
}

Etcd::Entry FaultyCluster::await_entry(const std::function<bool(const Etcd::Entry&)>& is_wanted) const {
    std::optional<Etcd::Entry> found;
    await_scrapes("etcd has the key", [&] {
        for (const Etcd::Entry& entry : etcd_.entries(Contender::keys))
            if (!entry.lease.empty() && is_wanted(entry)) found = entry;
        return found.has_value();
    });
    return *found;
}

Etcd::Entry FaultyCluster::entry_of_active() const {
    return await_entry([&](const Etcd::Entry& entry) { return entry.create_revision == newest_token(); });
}

Etcd::Entry FaultyCluster::entry_of_a_standby() const {
    return await_entry([&](const Etcd::Entry& entry) { return entry.create_revision > newest_token(); });
}

void FaultyCluster::kill_active() {
    const int victim = active();
    const std::uint64_t token = newest_token();
    const std::int64_t killed_at = boot_time();
    contender(victim).signal(SIGKILL);
    static_cast<void>(contender(victim).finish());
    failovers_.emplace_back(await_token_above(token).first - killed_at);
}

void FaultyCluster::kill_standby() {
    Contender& victim = contender(standby());
    victim.signal(SIGKILL);
    static_cast<void>(victim.finish());
    pass_shortly();
}

void FaultyCluster::end_active() {
    Contender& victim = contender(active());
    const std::uint64_t token = newest_token();
    victim.signal(SIGTERM);
    if (const Outcome outcome = victim.finish(); outcome.exit_code != 0)
        complaints_.push_back("the active one stops with " + std::to_string(outcome.exit_code) + ": " + outcome.err);
    static_cast<void>(await_token_above(token));
}

void FaultyCluster::end_standby() {
    Contender& victim = contender(standby());
    victim.signal(SIGTERM);
    if (const Outcome outcome = victim.finish(); outcome.exit_code != 0)
        complaints_.push_back("a standby stops with " + std::to_string(outcome.exit_code) + ": " + outcome.err);
}

void FaultyCluster::stop_active_shortly() {
    Contender& victim = contender(active());
    victim.signal(SIGSTOP);
    pass_shortly();
    victim.signal(SIGCONT);
}

void FaultyCluster::stop_active_for_long() {
    Contender& victim = contender(active());
    const std::uint64_t token = newest_token();
    victim.signal(SIGSTOP);
    static_cast<void>(await_token_above(token));
    victim.signal(SIGCONT);
    if (const int code = victim.finish().exit_code; code != killed)
        complaints_.push_back("a contender that was stopped beyond its deadline ends with " + std::to_string(code) +
                              ": " + end_of(victim.log()));
}

void FaultyCluster::stop_standby_for_long() {
    Contender& victim = contender(standby());
    victim.signal(SIGSTOP);
    pass_for_long();
    victim.signal(SIGCONT);
}

void FaultyCluster::hang_in_on_stop() {
    Contender& victim = contender(active());
    victim.configure_app("hangs", true);
    if (const Outcome outcome = victim.verb({"reload"}); outcome.exit_code != 0)
        complaints_.push_back("the active one does not reload: " + outcome.out + outcome.err);
    const std::uint64_t token = newest_token();
    const bool is_cut_off = network_ != nullptr && random(2) == 0;
    if (is_cut_off)
        network_->cut(victim.machine());
    else
        static_cast<void>(etcd_.request("/v3/kv/deleterange", {{"key", to_base64(entry_of_active().key)}}));
    // The service ends itself at the limit of on_stop(), or the kernel does at the deadline.
    if (const int code = victim.finish().exit_code; code != killed && code != lost)
        complaints_.push_back("a contender whose on_stop hangs at a loss ends with " + std::to_string(code) + ": " +
                              end_of(victim.log()));
    if (is_cut_off) network_->join(victim.machine());
    victim.configure_app("hangs", false);
    static_cast<void>(await_token_above(token));
}

void FaultyCluster::resign() {
    Contender& victim = contender(active());
    const std::uint64_t token = newest_token();
    if (const Outcome outcome = victim.verb({"resign"}); outcome.exit_code != 0) {
        complaints_.push_back("the active one does not resign: " + outcome.out + outcome.err);
        return;
    }
    const Activity next = await_token_above(token);
    for (const Activity& activity : judge(witness_).activities)
        if (activity.token == token) handovers_.emplace_back(next.first - activity.last);
}

void FaultyCluster::revoke_lease() {
    const std::uint64_t token = newest_token();
    static_cast<void>(etcd_.request("/v3/lease/revoke", {{"ID", entry_of_active().lease}}));
    static_cast<void>(await_token_above(token));
}

void FaultyCluster::delete_key() {
    const std::uint64_t token = newest_token();
    static_cast<void>(etcd_.request("/v3/kv/deleterange", {{"key", to_base64(entry_of_active().key)}}));
    static_cast<void>(await_token_above(token));
}

void FaultyCluster::delete_key_of_standby() {
    static_cast<void>(etcd_.request("/v3/kv/deleterange", {{"key", to_base64(entry_of_a_standby().key)}}));
}

void FaultyCluster::spare_the_active(std::string_view what, const std::function<void()>& act) {
    const int before = active();
    const std::uint64_t token = newest_token();
    const int starvations = etcd_.starvations();
    act();
    if (newest_token() == token) return;
    if (etcd_.starvations() != starvations)
        ++excused_;
    else
        complaints_.push_back("contender " + std::to_string(before) + " lost its activity, though only " +
                              std::string{what} + ": " + end_of(contender(before).log()));
}

void FaultyCluster::kill_and_start(int node) {
    etcd_.end(node, SIGKILL);
    pass(0.1, 1.2);
    etcd_.start(node);
}

void FaultyCluster::end_and_start(int node) {
    etcd_.end(node, SIGTERM);
    pass(0.1, 1.2);
    etcd_.start(node);
}

void FaultyCluster::stop_and_continue(int node) {
    etcd_.signal(node, SIGSTOP);
    pass_for_long();
    etcd_.signal(node, SIGCONT);
}

void FaultyCluster::cut_and_join(int node) {
    network_->cut(node);
    pass_for_long();
    network_->join(node);
}

void FaultyCluster::kill_follower() {
    spare_the_active("a follower was killed", [this] { kill_and_start(follower()); });
}

void FaultyCluster::end_follower() {
    spare_the_active("a follower was restarted", [this] { end_and_start(follower()); });
}

void FaultyCluster::stop_follower_for_long() {
    spare_the_active("a follower was stopped", [this] { stop_and_continue(follower()); });
}

void FaultyCluster::cut_follower_for_long() {
    spare_the_active("a follower was cut off", [this] { cut_and_join(follower()); });
}

void FaultyCluster::kill_leader() { kill_and_start(etcd_.leader()); }

void FaultyCluster::end_leader() { end_and_start(etcd_.leader()); }

void FaultyCluster::stop_leader_for_long() { stop_and_continue(etcd_.leader()); }

void FaultyCluster::cut_leader_for_long() { cut_and_join(etcd_.leader()); }

void FaultyCluster::stop_leader_shortly() {
    const int leader = etcd_.leader();
    etcd_.signal(leader, SIGSTOP);
    pass(0.3, 0.9);
    etcd_.signal(leader, SIGCONT);
}

void FaultyCluster::cut_leader_shortly() {
    const int leader = etcd_.leader();
    network_->cut(leader);
    pass(0.3, 0.9);
    network_->join(leader);
}

void FaultyCluster::restart_all() {
    for (int node = 0; node < etcd_.size(); ++node) etcd_.end(node, SIGTERM);
    pass_shortly();
    for (int node = 0; node < etcd_.size(); ++node) etcd_.start(node);
}

void FaultyCluster::kill_all() {
    for (int node = 0; node < etcd_.size(); ++node) etcd_.end(node, SIGKILL);
    pass_shortly();
    for (int node = 0; node < etcd_.size(); ++node) etcd_.start(node);
}

void FaultyCluster::cut_active_shortly() {
    const int machine = machine_of(active());
    network_->cut(machine);
    pass_shortly();
    network_->join(machine);
}

void FaultyCluster::cut_active_for_long() {
    const int machine = machine_of(active());
    const std::uint64_t token = newest_token();
    network_->cut(machine);
    static_cast<void>(await_token_above(token));
    pass(0.0, 0.5);
    network_->join(machine);
}

void FaultyCluster::cut_standby_for_long() {
    const int machine = machine_of(standby());
    network_->cut(machine);
    pass_for_long();
    network_->join(machine);
}

void FaultyCluster::leave_active_a_follower() {
    const int kept = follower();
    const int machine = machine_of(active());
    spare_the_active("other servers were out of reach", [&] {
        for (int node = 0; node < etcd_.size(); ++node)
            if (node != kept) network_->cut(machine, node);
        pass_for_long();
    });
    for (int node = 0; node < etcd_.size(); ++node)
        if (node != kept) network_->join(machine, node);
}

void FaultyCluster::leave_active_a_replaced_leader() {
    const int leader = etcd_.leader();
    const int machine = machine_of(active());
    const std::uint64_t token = newest_token();
    for (int node = 0; node < etcd_.size(); ++node)
        if (node != leader) network_->cut(machine, node);
    etcd_.signal(leader, SIGSTOP);
    for (int node = 0; node < etcd_.size(); ++node)
        if (node != leader) network_->separate(leader, node);
    pass(0.4, 0.8);
    etcd_.signal(leader, SIGCONT);
    static_cast<void>(await_token_above(token));
    pass(0.5, 1.0);
    for (int node = 0; node < etcd_.size(); ++node) {
        if (node == leader) continue;
        network_->reunite(leader, node);
        network_->join(machine, node);
    }
}

void FaultyCluster::start_what_has_ended() {
    for (const auto& contender : contenders_) {
        if (contender->runs()) continue;
        // The fault itself has waited for the end of what it killed.
        if (contender->has_ended()) {
            const Outcome outcome = contender->finish();
            if (outcome.exit_code == killed)
                ++deaths_[last_];
            else if (outcome.exit_code != lost)
                complaints_.push_back("contender " + std::to_string(contender->number()) + " ended with " +
                                      std::to_string(outcome.exit_code) + ": " + outcome.err);
        }
        contender->start();
    }
}

void FaultyCluster::repair() {
    etcd_.await_health();
    await_scrapes("all contenders run, and one is active", [&] {
        start_what_has_ended();
        const Stamp* const stamp = last_stamp(witness_);
        if (stamp == nullptr || !is_recent(stamp->time)) return false;
        std::set<std::string> leases;
        bool has_active = false;
        for (const Etcd::Entry& entry : etcd_.entries(Contender::keys)) {
            if (!entry.lease.empty()) leases.insert(entry.lease);
            if (entry.create_revision == stamp->token.load()) has_active = true;
        }
        return has_active && leases.size() == contenders_.size();
    });
}

}  // namespace servicekit::test
