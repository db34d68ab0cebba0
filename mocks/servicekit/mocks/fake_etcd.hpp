#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "servicekit/cluster/transport.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_etcd_store.hpp"
#include "servicekit/mocks/fake_reactor.hpp"

namespace servicekit::mocks {

/// A cluster of etcd in memory, in virtual time: what its JSON gateway answers, and a network that delays and loses
/// messages as a test wants. Clients reach it by transport(). It must outlive them.
///
/// Requests are served in the order in which they arrive, at one state: that of a quorum. A node that is cut off from
/// the others, or from the client, serves nothing.
/// \code
/// FakeOs os;
/// FakeEtcd etcd{os.reactor};
/// EtcdLock lock{{.endpoints = etcd.endpoints()}, os.host(), etcd.transport("machine1")};
/// \endcode
class FakeEtcd {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// What happens to a message and to its reply. A message that is lost on one way ends at its time-out.
    struct Fate {
        std::chrono::microseconds there{500};
        std::chrono::microseconds back{500};
        bool is_lost_there = false;
        bool is_lost_back = false;
        bool is_doubled = false;  ///< served twice, and answered once
        bool is_refused = false;  ///< ends at once: no connection
        int http_status = 0;      ///< answered in place of the node, with `body`; 0: not
        std::string body = {};
    };
    /// A request on its way.
    struct Message {
        std::string client;
        std::size_t node;
        std::string path;  ///< "/v3/kv/txn"
        std::string body;
        std::string authorization;
    };

    /// A cluster whose clients wait by advancing the clock themselves.
    explicit FakeEtcd(FakeClock& clock, std::size_t nodes = 3);
    /// A cluster for the processes of a FakeOs.
    explicit FakeEtcd(FakeReactor& reactor, std::size_t nodes = 3);
    ~FakeEtcd();
    FakeEtcd(const FakeEtcd&) = delete;
    FakeEtcd& operator=(const FakeEtcd&) = delete;

    /// Returns "http://etcd1:2379" and so on.
    [[nodiscard]] std::vector<std::string> endpoints() const;
    /// Makes transports of a client, for EtcdLock.
    [[nodiscard]] cluster::TransportFactory transport(const std::string& client);

    /// The keys and leases. A test may change them, as an operator does.
    FakeEtcdStore store;
    /// Decides about each message. By default all arrive.
    std::function<Fate(const Message&)> fate = [](const Message&) { return Fate{}; };
    /// The requests that nodes have served, by path.
    std::map<std::string, std::size_t> served;

    /// Stops a node, or starts it again. Its watches end.
    void set_running(std::size_t node, bool is_running);
    /// Cuts the connection between a client and a node, or restores it. Messages on their way are lost.
    void set_connected(const std::string& client, std::size_t node, bool is_connected);
    /// Cuts a node off from the other nodes, or not.
    void set_in_quorum(std::size_t node, bool is_in_quorum);
    /// Elects a new leader: leases last for their whole TTL again.
    void change_leader();
    /// Makes a node believe that it still leads, as a leader does that was stopped: it "renews" leases by itself.
    void set_stale(std::size_t node, bool is_stale);
    /// Goes back to an earlier state of the store, as from a backup. All watches end.
    void restore(const FakeEtcdStore& backup, bool keeps_cluster_id = false);
    /// Demands a login of each client. A token is valid until expire_tokens().
    void demand_login(std::string user, std::string password);
    void expire_tokens() { tokens_.clear(); }

    /// Serves what is due now.
    void settle();
    /// When something becomes due.
    [[nodiscard]] std::optional<Time> next_event() const;
    [[nodiscard]] Time now() const { return clock_->steady_now(); }
    /// \returns true if something has arrived for a client that its transport has not returned yet
    [[nodiscard]] bool has_mail(const std::string& client) const;

private:
    class Transport;
    struct Node {
        bool is_running = true;
        bool is_in_quorum = true;
        bool is_stale = false;
        std::uint64_t stale_term = 0;
    };
    struct Exchange;
    struct Reply {
        int status = 200;
        std::string body;
    };

    void send(const std::shared_ptr<Exchange>& exchange);
    void arrive(const std::shared_ptr<Exchange>& exchange, const Fate& decided);
    void answer(const std::shared_ptr<Exchange>& exchange, Reply reply, bool is_end);
    void fail(const std::shared_ptr<Exchange>& exchange, std::string reason);
    [[nodiscard]] Reply serve(const Exchange& exchange);
    void open_watch(const std::shared_ptr<Exchange>& exchange);
    void feed_watches();
    [[nodiscard]] bool reaches(const std::string& client, std::size_t node) const;
    [[nodiscard]] bool has_quorum() const;
    void at(Time time, std::function<void()> call);
    [[nodiscard]] Time lease_check() const;

    FakeClock* clock_;
    FakeReactor* reactor_ = nullptr;
    std::vector<Node> nodes_;
    std::map<std::string, std::vector<bool>> cut_;
    std::multimap<Time, std::function<void()>> agenda_;
    std::vector<std::weak_ptr<Exchange>> watches_;
    std::multimap<std::string, const Transport*> transports_;
    std::string user_;
    std::string password_;
    std::set<std::string> tokens_;
    std::uint64_t last_token_ = 0;
};

}  // namespace servicekit::mocks
