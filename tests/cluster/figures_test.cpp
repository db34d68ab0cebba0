// What the lock of a cluster costs: times, requests and memory. The tests print figures and judge none that depends on
// the speed of the machine.
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "cluster/cluster_test.hpp"
#include "cluster/figures.hpp"
#include "prometheus/prometheus_server.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;

class FiguresTest : public ClusterTest {
protected:
    using Contenders = std::vector<std::unique_ptr<Contender>>;

    /// Starts contenders, of which the first is active.
    [[nodiscard]] Contenders started(const Etcd& etcd, int count, const Object& settings = {}) const {
        Contenders all;
        for (int number = 0; number < count; ++number) {
            all.push_back(std::make_unique<Contender>(contender(etcd, number, settings)));
            all.back()->start();
            all.back()->await_state_field(number == 0 ? "running" : "standby");
        }
        return all;
    }

    /// Waits for the first activity with a greater token. \returns it
    [[nodiscard]] static Activity await_token_above(const Witness& witness, std::uint64_t token) {
        Activity found;
        await_scrapes("another one is active", [&] {
            const Verdict verdict = judge(witness);
            if (verdict.activities.empty() || verdict.activities.back().token <= token) return false;
            found = verdict.activities.back();
            return true;
        });
        return found;
    }
};

/// Returns a value of /proc/PID/smaps_rollup in KiB.
long proportional_size(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
    for (std::string word; file >> word;)
        if (long value = 0; word == "Pss:" && file >> value) return value;
    return -1;
}

TEST_F(FiguresTest, TheNextOneTakesOverAfterAKillAndAfterResign) {
    const Etcd etcd;
    const Witness witness{witness_file()};
    const Contenders contenders = started(etcd, 3);
    std::vector<std::chrono::nanoseconds> failovers;
    std::vector<std::chrono::nanoseconds> handovers;
    const int rounds = faults_per_run() >= 100 ? 40 : 2;

    Activity active = await_token_above(witness, 0);
    for (int round = 0; round < rounds; ++round) {
        const std::int64_t killed_at = boot_time();
        contenders[active.writer]->signal(SIGKILL);
        static_cast<void>(contenders[active.writer]->finish());
        const Activity next = await_token_above(witness, active.token);
        failovers.emplace_back(next.first - killed_at);
        contenders[active.writer]->start();
        contenders[active.writer]->await_state_field("standby");

        const Outcome resigned = contenders[next.writer]->verb({"resign"});
        ASSERT_EQ(resigned.exit_code, 0) << resigned;
        active = await_token_above(witness, next.token);
        const Verdict verdict = judge(witness);
        ASSERT_THAT(verdict.violations, testing::IsEmpty());
        handovers.emplace_back(active.first - verdict.activities[verdict.activities.size() - 2].last);
        contenders[next.writer]->await_state_field("standby");
    }

    print_figure("from a kill to the next active one: " + percentiles(failovers) + ", TTL 3 s");
    print_figure("from the last stamp before resign to the next active one: " + percentiles(handovers));
}

TEST_F(FiguresTest, AnIdleContenderSendsTwoRequestsInAThirdOfTheTtlAtMost) {
    const Etcd etcd;
    constexpr int others = 4;
    // Long enough for a machine that is busy for a while.
    constexpr auto ttl = 9s;
    constexpr auto period = 18s;
    const auto requests_per_second = [&] {
        const double before = etcd.requests_begun();
        const std::int64_t begin = boot_time();
        std::this_thread::sleep_for(period);
        return (etcd.requests_begun() - before) * 1e9 / static_cast<double>(boot_time() - begin);
    };

    const Contenders contenders = started(etcd, 1 + others, {{"cluster-ttl", ttl.count()}});
    const double of_all = requests_per_second();
    for (int number = 1; number <= others; ++number) {
        contenders[static_cast<std::size_t>(number)]->signal(SIGTERM);
        ASSERT_EQ(contenders[static_cast<std::size_t>(number)]->finish().exit_code, 0);
    }
    const double of_active = requests_per_second();
    // Otherwise this measures one that has ended.
    EXPECT_EQ(contenders[0]->field("state"), "running") << contenders[0]->log() << etcd.logs();
    const double of_standby = (of_all - of_active) / others;

    char text[128];
    std::snprintf(text, sizeof text, "requests a second: standby %.2f, active %.2f, TTL 9 s", of_standby, of_active);
    print_figure(text);
    // The requests of one more third of the TTL may fall into the measured time.
    const double most = 2.0 * 3 / ttl.count() + 2.0 / period.count();
    EXPECT_LE(of_standby, most);
    EXPECT_LE(of_active, most);
    EXPECT_GT(of_standby, 0);
}

TEST_F(FiguresTest, ShowsTheMemoryThatTheLockNeeds) {
    const Etcd etcd;
    const auto make = [&](int number) {
        return Contender{etcd, directory.path(), {.number = number}};  // without a witness
    };
    ServiceProgram local{"local-trial", directory.path()};
    const RunningService with_pidfile{local};
    Contender active = make(0);
    active.start();
    active.await_state_field("running");
    Contender standby = make(1);
    standby.start();
    standby.await_state_field("standby");

    const long of_local = proportional_size(with_pidfile.pid());
    const long of_active = proportional_size(active.pid());
    const long of_standby = proportional_size(standby.pid());

    print_figure("memory (PSS): pidfile lock " + std::to_string(of_local) + " KiB, active " +
                 std::to_string(of_active) + " KiB, standby " + std::to_string(of_standby) + " KiB");
    EXPECT_GT(of_local, 0);
    EXPECT_GT(of_active, 0);
}

}  // namespace
}  // namespace servicekit::test
