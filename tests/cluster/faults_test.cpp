// Faults of contenders, of etcd and of the network, with real servers and real processes. A witness outside proves that
// at no moment two contenders are active.
#include <cstdlib>
#include <memory>
#include <string>

#include "cluster/cluster_test.hpp"
#include "cluster/faults.hpp"
#include "cluster/figures.hpp"
#include "prometheus/prometheus_server.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;

class FaultsTest : public ClusterTest {
protected:
    void SetUp() override {
        ClusterTest::SetUp();
        if (IsSkipped()) return;
        no_network = Network::obstacle();
        if (no_network.empty()) network = std::make_unique<Network>(3 + FaultyCluster::contenders);
    }
    void TearDown() override {
        network.reset();
        ClusterTest::TearDown();
    }

    std::string no_network;
    std::unique_ptr<Network> network;
};

TEST_F(FaultsTest, AtNoMomentTwoAreActive) {
    const char* const chosen = std::getenv("SERVICEKIT_SEED");
    const std::uint64_t seed = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
    if (!no_network.empty()) print_figure("nothing is cut off, because " + no_network);
    FaultyCluster cluster{directory.path(), network.get(), seed};

    for (int fault = 0; fault < faults_per_run(); ++fault) {
        const std::string done = cluster.next();
        if (const Verdict verdict = cluster.verdict(); !verdict.violations.empty())
            FAIL() << verdict.violations.front() << "\nseed " << seed << ", fault " << fault << ": " << done << '\n'
                   << cluster.logs();
    }

    const Verdict verdict = cluster.verdict();
    for (const std::string& complaint : cluster.complaints()) ADD_FAILURE() << complaint;
    if (HasFailure()) std::cout << cluster.logs();
    EXPECT_GT(verdict.activities.size(), 1U);
    for (const auto& [fault, count] : cluster.done()) print_figure(std::to_string(count) + " x " + fault);
    for (const auto& [fault, count] : cluster.deaths())
        print_figure(std::to_string(count) + " killed by the kernel at the deadline after: " + fault);
    print_figure("seed " + std::to_string(seed) + ", " + std::to_string(faults_per_run()) + " faults, " +
                 std::to_string(verdict.activities.size()) + " activities, " + std::to_string(verdict.stamps) +
                 " stamps, " + std::to_string(verdict.violations.size()) + " overlaps or smaller tokens");
    if (cluster.excused() > 0)
        print_figure(std::to_string(cluster.excused()) +
                     " x the active one lost the lock at a fault of a follower, as etcd got no CPU in time");
    print_figure("smallest time between two activities " +
                 std::to_string(verdict.smallest_gap / std::chrono::milliseconds{1}) + " ms");
    const std::string ttl = ", TTL " + std::to_string(FaultyCluster::ttl.count()) + " s";
    if (!cluster.failovers().empty())
        print_figure("from a kill to the next active one: " + percentiles(cluster.failovers()) + ttl);
    if (!cluster.handovers().empty())
        print_figure("from the last stamp before resign to the next active one: " + percentiles(cluster.handovers()));
}

// A leader of etcd that was stopped renews leases after it was replaced, before it learns of that; its reply looks like
// any other. The new leader does not know of these renewals.
TEST_F(FaultsTest, ARenewalByALeaderThatWasReplacedDoesNotCount) {
    if (!no_network.empty()) GTEST_SKIP() << no_network;
    const Etcd etcd{{.network = network.get(), .arguments = {"--heartbeat-interval=50", "--election-timeout=300"}}};
    Witness witness{witness_file()};
    std::vector<std::unique_ptr<Contender>> contenders;
    for (int number = 0; number < 2; ++number) {
        contenders.push_back(std::make_unique<Contender>(etcd, directory.path(),
                                                         Contender::Options{.number = number,
                                                                            .settings = {{"cluster-ttl", 5}},
                                                                            .network = network.get(),
                                                                            .machine = 3 + number,
                                                                            .witness = witness_file()}));
        contenders.back()->start();
        contenders.back()->await_state_field(number == 0 ? "running" : "standby");
    }
    const int leader = etcd.leader();
    etcd.signal(leader, SIGSTOP);
    for (int node = 0; node < etcd.size(); ++node) {
        if (node == leader) continue;
        network->separate(leader, node);
        network->cut(3, node);  // the active one reaches the old leader only
    }
    // The other servers choose a new leader, a renewal waits in the socket of the old one, and the activity still lasts.
    std::this_thread::sleep_for(2s);

    etcd.signal(leader, SIGCONT);
    contenders[1]->await_state_field("running");
    const std::int64_t taken_over = boot_time();
    // As long as any renewal could have lasted.
    await_scrapes("a time-out is over", [&] { return boot_time() - taken_over > 5'000'000'000; });

    const Verdict verdict = judge(witness);
    EXPECT_THAT(verdict.violations, testing::IsEmpty());
    EXPECT_EQ(verdict.activities.size(), 2U);
}

}  // namespace
}  // namespace servicekit::test
