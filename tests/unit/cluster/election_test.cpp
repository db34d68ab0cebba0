#include "cluster/election.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "unit/cluster/world.hpp"

namespace servicekit::cluster {
namespace {

using namespace std::chrono_literals;
using mocks::FakeEtcdStore;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Stage = Election::Stage;

class ElectionTest : public ::testing::Test {
protected:
    /// Starts a machine and waits until it has its place.
    Machine& join(const std::string& name) {
        Machine& machine = world.add(name);
        EXPECT_TRUE(
            world.run_until([&] { return machine.stage() == Stage::active || machine.stage() == Stage::queued; }));
        world.run_for(100ms);
        return machine;
    }
    std::string key_of(const std::string& name) {
        for (const auto& [key, entry] : world.etcd.store.keys)
            if (entry.lease != 0 && entry.value.find('"' + name + '"') != std::string::npos) return key;
        return {};
    }
    std::int64_t lease_of(const std::string& name) { return world.etcd.store.keys.at(key_of(name)).lease; }
    void cut(const std::string& name, bool is_connected = false) {
        for (std::size_t node = 0; node < 3; ++node) world.etcd.set_connected(name, node, is_connected);
    }

    World world;
    mocks::FakeEtcd& etcd = world.etcd;
};

TEST_F(ElectionTest, TheFirstIsActiveAndTheOthersWait) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    world.run_for(1min);
    EXPECT_EQ(a.stage(), Stage::active);
    EXPECT_TRUE(a.is_active());
    EXPECT_EQ(b.stage(), Stage::queued);
    EXPECT_EQ(c.stage(), Stage::queued);
    EXPECT_EQ(a.wins, 1);
    EXPECT_FALSE(b.is_active());
    EXPECT_EQ(a.state->token, static_cast<std::uint64_t>(etcd.store.keys.at(key_of("a")).create_revision));
}

TEST_F(ElectionTest, AKeyOfAnotherIsNoContender) {
    etcd.store.put("/servicekit/trial/state", "7");
    // Another service, whose prefix is the directory of this one.
    const auto lease = etcd.store.grant(3600s, world.clock.steady_now());
    etcd.store.put("/servicekit/trial/other/1", "{}", lease);
    Machine& a = world.add("a");
    ASSERT_TRUE(world.run_until([&] { return a.wins > 0; }, 1s));
    world.run_for(20s);
    EXPECT_EQ(a.driver->election().view().contenders, 1U);
    EXPECT_THAT(a.reports, ElementsAre("the key '/servicekit/trial/other/1' in etcd is not that of a contender; "
                                       "remove it",
                                       "nobody was active before this instance"));
}

TEST_F(ElectionTest, AStandbyKnowsWhoIsActive) {
    join("a");
    Machine& b = join("b");
    const auto view = b.driver->election().view();
    ASSERT_TRUE(view.active);
    EXPECT_EQ(view.active->host, "a");
    EXPECT_EQ(view.active->pid, 101);
    EXPECT_EQ(view.contenders, 2U);
    EXPECT_THAT(b.reports, Contains(HasSubstr("the active instance is that on host 'a', pid 101, since ")));
    const auto token = etcd.store.keys.at(key_of("a")).create_revision;
    EXPECT_THAT(b.reports, Contains(EndsWith(", token " + std::to_string(token))));
}

TEST_F(ElectionTest, TheKernelIsAskedToEndTheProcessAtTheDeadlineBeforeItWins) {
    Machine& a = world.add("a");
    bool was_set = false;
    a.on_won = [&] { was_set = a.kill_at.has_value() && a.is_active(); };
    world.run_until([&] { return a.wins > 0; });
    EXPECT_TRUE(was_set);
    // The lease has 9 s, less a margin of 900 ms, from the sending of the renewal.
    EXPECT_GT(*a.kill_at, a.clock.boot_now() + 8050ms);
    EXPECT_LT(*a.kill_at, a.clock.boot_now() + 8100ms);
}

TEST_F(ElectionTest, ACleanEndLetsTheNextOneFollowAtOnce) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    const auto earlier = a.state->token.load();
    a.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 50ms));
    EXPECT_GT(b.state->token, earlier);
    EXPECT_EQ(c.stage(), Stage::queued);
    EXPECT_EQ(etcd.store.leases.size(), 2U);
}

TEST_F(ElectionTest, AKilledInstanceIsFollowedWhenItsLeaseHasLapsed) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(20s);
    const auto lapse = etcd.store.leases.at(lease_of("a")).end;
    a.kill();
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    EXPECT_GE(world.clock.steady_now(), lapse);
    // The contender knows the end of the lease to within the interval of its questions.
    EXPECT_LT(world.clock.steady_now(), lapse + 250ms);
}

TEST_F(ElectionTest, AStandbyThatLeavesIsNoticedByTheNext) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    b.stand_down();
    world.run_for(1s);
    a.stand_down();
    EXPECT_TRUE(world.run_until([&] { return c.wins > 0; }, 50ms));
}

TEST_F(ElectionTest, EachWatchesItsOwnKeyAndThatOfItsPredecessorOnly) {
    join("a");
    join("b");
    std::string body;
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        if (message.client == "c" && message.path == "/v3/watch") body = message.body;
        return mocks::FakeEtcd::Fate{};
    };
    join("c");
    EXPECT_THAT(body, HasSubstr(mocks::encoded_base64(key_of("c"))));
    EXPECT_THAT(body, HasSubstr(mocks::encoded_base64(key_of("b"))));
    EXPECT_THAT(body, Not(HasSubstr(mocks::encoded_base64(key_of("a")))));
}

TEST_F(ElectionTest, AnIdleContenderSendsAtMostTwoRequestsInAThirdOfTheTtl) {
    join("a");
    join("b");
    join("c");
    std::map<std::string, int> sent;
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        ++sent[message.client];
        return mocks::FakeEtcd::Fate{};
    };
    world.run_for(300s);
    for (const auto& [name, count] : sent) EXPECT_LE(count, 2 * 100 + 2) << name;
}

TEST_F(ElectionTest, SaysWhyItBecomesActiveBeforeItDoes) {
    Machine& a = world.add("a");
    std::size_t reports = 0;
    a.on_won = [&] { reports = a.reports.size(); };
    ASSERT_TRUE(world.run_until([&] { return a.wins > 0; }));
    EXPECT_EQ(reports, 1U);
    EXPECT_THAT(a.reports, ElementsAre("nobody was active before this instance"));

    Machine& b = join("b");
    Machine& c = join("c");
    a.stand_down();
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    EXPECT_EQ(b.reports.back(), "follows host 'a', pid 101: it has left");

    world.run_for(20s);
    b.kill();
    ASSERT_TRUE(world.run_until([&] { return c.wins > 0; }));
    EXPECT_EQ(c.reports.back(), "follows host 'b', pid 101: its lease ran out");

    Machine& d = join("d");
    cut("c");
    etcd.store.revoke(lease_of("c"));
    ASSERT_TRUE(world.run_until([&] { return d.wins > 0; }));
    EXPECT_EQ(d.reports.back(), "follows host 'c', pid 101: its key vanished a TTL ago");
}

// Losing.

TEST_F(ElectionTest, WithoutRenewalsItLosesInTimeForItsEnd) {
    Machine& a = join("a");
    world.run_for(20s);
    cut("a");
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }));
    EXPECT_EQ(a.losses.front().time, 3s);
    EXPECT_THAT(a.losses.front().reason, HasSubstr("no renewal of the lease has succeeded for 5.1 s"));
    EXPECT_THAT(a.losses.front().reason, HasSubstr("Operation timed out"));
    EXPECT_TRUE(a.is_active()) << "nobody else can be active yet";
    world.run_until([&] { return !a.runs(); }, 4s);
    EXPECT_FALSE(a.runs()) << "the kernel ended it";
}

TEST_F(ElectionTest, NobodyFollowsBeforeTheDeadline) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(20s);
    cut("a");
    ASSERT_TRUE(world.run_until([&] { return !a.runs() || b.wins > 0; }));
    EXPECT_EQ(b.wins, 0);
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 5s));
}

TEST_F(ElectionTest, AStoppedProcessIsKilledBeforeAnotherIsActive) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.stopped.insert(&a);
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    EXPECT_FALSE(a.runs());
}

TEST_F(ElectionTest, AProcessThatWasStoppedForLessThanItsTimeGoesOn) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.stopped.insert(&a);
    world.run_for(4s);
    world.stopped.clear();
    world.run_for(20s);
    EXPECT_TRUE(a.is_active());
    EXPECT_THAT(a.losses, IsEmpty());
    EXPECT_EQ(b.wins, 0);
}

TEST_F(ElectionTest, ASuspendedMachineLosesItsDeadlineWhileItsMonotonicClockStandsStill) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    const auto steady = a.clock.steady_now();
    world.stopped.insert(&a);
    const auto deadline = a.kill_at;
    a.kill_at.reset();  // the kernel does not run
    world.run_for(30s);
    a.clock.suspended += 30s;
    a.kill_at = deadline;
    EXPECT_LE(a.clock.steady_now(), steady + 1ms);
    EXPECT_EQ(b.wins, 1);
    world.stopped.clear();
    EXPECT_FALSE(a.is_active());
    world.run_for(1ms);
    EXPECT_FALSE(a.runs());
}

TEST_F(ElectionTest, ADeletedKeyIsALossAtOnce) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    etcd.store.erase(key_of("a"));
    bool was_active = true;
    a.on_lost = [&](std::chrono::milliseconds) { was_active = a.is_active(); };
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 50ms));
    EXPECT_FALSE(was_active);
    EXPECT_EQ(a.losses.front().time, 3s);
    EXPECT_THAT(a.losses.front().reason, HasSubstr("was deleted from etcd"));
    EXPECT_EQ(b.wins, 0) << "on_stop() may take a while";
    world.run_for(2s);
    EXPECT_EQ(b.wins, 0);
    a.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 50ms)) << "it said that it has left";
}

TEST_F(ElectionTest, ARevokedLeaseIsALossAtOnce) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    etcd.store.revoke(lease_of("a"));
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 50ms));
    EXPECT_EQ(b.wins, 0);
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    EXPECT_FALSE(a.runs()) << "the kernel ended it first, as its on_stop() did not return";
}

TEST_F(ElectionTest, AKeyThatVanishesWhileItsOwnerIsCutOffIsNotFollowedBeforeTheOwnersDeadline) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    cut("a");
    etcd.store.revoke(lease_of("a"));
    ASSERT_TRUE(world.run_until([&] { return !a.runs() || b.wins > 0; }));
    EXPECT_EQ(b.wins, 0);
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }));
}

TEST_F(ElectionTest, AKernelThatKillsLateHasTheMargin) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    cut("a");
    etcd.store.revoke(lease_of("a"));
    // The last deadline of a, on a clock that runs like that of b.
    const auto deadline = *a.kill_at;
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    EXPECT_GE(b.clock.boot_now(), deadline + LeasePlan::margin_of(9s));
}

TEST_F(ElectionTest, ANewcomerDoesNotFollowAnInstanceWhoseKeyHasJustVanished) {
    Machine& a = join("a");
    cut("a");
    etcd.store.revoke(lease_of("a"));
    Machine& b = join("b");
    ASSERT_TRUE(world.run_until([&] { return !a.runs() || b.wins > 0; }));
    EXPECT_EQ(b.wins, 0);
    EXPECT_THAT(b.reports, Contains(HasSubstr("may still be")));
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }));
}

TEST_F(ElectionTest, TheEndOfTheHolderIsRememberedThoughItsRecordIsDeleted) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    cut("a");
    etcd.store.erase("/servicekit/trial.holder");
    etcd.store.revoke(lease_of("a"));
    ASSERT_TRUE(world.run_until([&] { return !a.runs() || b.wins > 0; }));
    EXPECT_EQ(b.wins, 0);
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }));
}

TEST_F(ElectionTest, ARecordOfTheHolderIsNotBelievedBlindly) {
    for (const char* const ttl : {"9223372036854775807", "1000000000000", "1"}) {
        World own;
        own.etcd.store.put("/servicekit/trial.holder", R"({"host":")" + std::string(300, 'h') +
                                                           R"(","pid":1,"since":")" + std::string(300, 's') +
                                                           R"(","lease":"4711","ttl-ms":)" + ttl + "}");
        Machine& a = own.add("a");
        own.run_for(1900ms);
        EXPECT_EQ(a.wins, 0) << ttl;
        EXPECT_THAT(a.reports, Contains(HasSubstr("host '" + std::string(255, 'h') + "', pid 1)")));
        EXPECT_THAT(a.reports, Contains(HasSubstr("as the key '/servicekit/trial.holder' says")));
        EXPECT_TRUE(own.run_until([&] { return a.wins > 0; }, 1h)) << ttl;
    }
}

TEST_F(ElectionTest, EtcdThatWasRestoredFromABackupIsALossAtOnceAndNobodyFollowsForATtl) {
    Machine& a = join("a");
    const auto backup = etcd.store;
    Machine& b = join("b");
    Machine& c = join("c");
    a.stand_down();
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    world.run_for(5s);
    etcd.restore(backup, true);
    ASSERT_TRUE(world.run_until([&] { return !b.losses.empty(); }, 8s));
    EXPECT_FALSE(b.is_active());
    world.run_until([&] { return !b.runs() || c.wins > 0; });
    EXPECT_EQ(c.wins, 0);
    EXPECT_TRUE(world.run_until([&] { return c.wins > 0; }));
}

TEST_F(ElectionTest, ABackupThatHasTheKeyOfTheActiveOneIsALossAllTheSame) {
    Machine& a = join("a");
    Machine& b = join("b");
    const auto backup = etcd.store;
    join("c");
    world.run_for(5s);
    etcd.restore(backup, true);
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 8s));
    EXPECT_THAT(a.losses.front().reason, HasSubstr("earlier state"));
    // The others wait until its lease has ended.
    const auto loss = world.clock.steady_now();
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    EXPECT_GE(world.clock.steady_now() - loss, 5s);
}

TEST_F(ElectionTest, AnotherClusterAtTheSameEndpointsIsALossAtOnce) {
    Machine& a = join("a");
    world.run_for(5s);
    etcd.restore(etcd.store, false);
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 4s));
    EXPECT_THAT(a.losses.front().reason, HasSubstr("another cluster"));
}

// Faults that others have.

TEST_F(ElectionTest, AStandbyNoticesThatItsLeaseLapsedAndGoesToTheEndOfTheQueue) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    world.stopped.insert(&b);
    world.run_for(15s);
    world.stopped.clear();
    world.run_for(5s);
    EXPECT_THAT(b.reports, Contains(AnyOf(HasSubstr("lapsed"), HasSubstr("its key"))));
    EXPECT_EQ(b.stage(), Stage::queued);
    a.stand_down();
    ASSERT_TRUE(world.run_until([&] { return c.wins > 0; }, 50ms));
    c.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 50ms));
}

TEST_F(ElectionTest, ADeletionBetweenTheReadAndTheWatchIsNotMissed) {
    Machine& a = join("a");
    bool is_first = true;
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        if (message.client == "b" && message.path == "/v3/watch" && std::exchange(is_first, false)) a.stand_down();
        return mocks::FakeEtcd::Fate{};
    };
    Machine& b = world.add("b");
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 500ms));
}

TEST_F(ElectionTest, ADeletionThatAWatchReportsBeforeTheAnswerToAnOlderQuestionIsNotForgotten) {
    Machine& a = join("a");
    Machine& b = join("b");
    bool was_asked = false;
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        const bool is_it = message.client == "b" && message.path == "/v3/lease/timetolive" && !was_asked;
        if (is_it) was_asked = true;
        return mocks::FakeEtcd::Fate{.back = is_it ? 200ms : 1ms};
    };
    ASSERT_TRUE(world.run_until([&] { return was_asked; }, 10s));
    world.run_for(10ms);
    a.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 500ms));
}

TEST_F(ElectionTest, ARenewalOfALeaseThatIsGoneIsALoss) {
    Machine& a = join("a");
    // The watch is cut, so that only the renewal tells.
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        return mocks::FakeEtcd::Fate{.is_lost_back = message.path == "/v3/watch"};
    };
    etcd.set_running(0, false);
    etcd.set_running(0, true);
    world.run_for(4s);
    etcd.store.leases.clear();
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 4s));
    EXPECT_THAT(a.losses.front().reason, HasSubstr("no such lease"));
}

TEST_F(ElectionTest, ARenewalOfALeaseWhoseKeyWasMadeAnewIsALoss) {
    for (const bool is_lease_granted_anew : {false, true}) {
        World own;
        FakeEtcdStore& store = own.etcd.store;
        Machine& a = own.add("a");
        ASSERT_TRUE(own.run_until([&] { return a.wins > 0; }));
        // The watch is silent, so that only the look after a renewal tells.
        own.etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
            return mocks::FakeEtcd::Fate{.is_lost_back = message.path == "/v3/watch"};
        };
        own.etcd.set_running(0, false);
        own.etcd.set_running(0, true);
        own.run_for(4s);
        ASSERT_TRUE(a.is_active());
        const std::string name = a.key();
        const FakeEtcdStore::Key key = store.keys.at(name);
        const FakeEtcdStore::Lease lease = store.leases.at(key.lease);
        if (is_lease_granted_anew) {
            ASSERT_TRUE(store.revoke(key.lease));
            store.leases[key.lease] = lease;
        } else {
            ASSERT_TRUE(store.erase(name));
        }
        ASSERT_TRUE(store.put(name, key.value, key.lease));
        ASSERT_TRUE(own.run_until([&] { return !a.losses.empty(); }, 4s)) << is_lease_granted_anew;
        EXPECT_THAT(a.losses.front().reason, HasSubstr("has vanished from etcd"));
        EXPECT_FALSE(a.is_active());
    }
}

TEST_F(ElectionTest, ALeaderOfThePastRenewsNothing) {
    Machine& a = join("a");
    Machine& b = join("b");
    world.run_for(10s);
    // Only the node that a talks to answers, and renews by itself.
    for (const std::size_t other : {1U, 2U}) etcd.set_connected("a", other, false);
    etcd.set_stale(0, true);
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 12s));
    ASSERT_TRUE(world.run_until([&] { return !a.runs() || b.wins > 0; }));
    EXPECT_EQ(b.wins, 0);
}

TEST_F(ElectionTest, PausesBetweenAttemptsNeverOutlastTheDeadline) {
    Machine& a = join("a");
    world.run_for(10s);
    etcd.fate = [](const mocks::FakeEtcd::Message&) { return mocks::FakeEtcd::Fate{.is_refused = true}; };
    // The last renewal was sent a second ago, and a loss begins 5.1 s after it.
    world.run_for(3500ms);
    EXPECT_THAT(a.losses, IsEmpty());
    etcd.fate = [](const mocks::FakeEtcd::Message&) { return mocks::FakeEtcd::Fate{}; };
    world.run_for(20s);
    EXPECT_TRUE(a.is_active());
}

TEST_F(ElectionTest, OneEndpointOfThreeThatIsDownCostsNothing) {
    Machine& a = join("a");
    Machine& b = join("b");
    for (std::size_t node = 0; node < 3; ++node) {
        etcd.set_running(node, false);
        world.run_for(30s);
        etcd.set_running(node, true);
        world.run_for(10s);
    }
    EXPECT_TRUE(a.is_active());
    EXPECT_THAT(a.losses, IsEmpty());
    EXPECT_EQ(b.wins, 0);
}

TEST_F(ElectionTest, OneEndpointOfThreeThatIsSilentCostsNothing) {
    Machine& a = join("a");
    for (std::size_t node = 0; node < 3; ++node) {
        etcd.set_connected("a", node, false);
        world.run_for(30s);
        etcd.set_connected("a", node, true);
    }
    EXPECT_TRUE(a.is_active());
    EXPECT_THAT(a.losses, IsEmpty());
}

TEST_F(ElectionTest, EndpointsThatAreSilentOneAfterTheOtherAreNotTakenForAll) {
    Machine& a = join("a");
    Machine& b = join("b");
    for (std::size_t i = 0; i < 4; ++i) {
        etcd.set_connected("a", i % 3, false);
        etcd.set_connected("b", i % 3, false);
        world.run_for(10s);
        etcd.set_connected("a", i % 3, true);
        etcd.set_connected("b", i % 3, true);
        world.run_for(50s);
    }
    EXPECT_THAT(a.reports, Not(Contains(HasSubstr("no endpoint of etcd answers"))));
    EXPECT_THAT(b.reports, Not(Contains(HasSubstr("no endpoint of etcd answers"))));
    EXPECT_TRUE(a.is_active());
}

TEST_F(ElectionTest, ANewLeaderCostsNothing) {
    Machine& a = join("a");
    Machine& b = join("b");
    for (int i = 0; i < 10; ++i) {
        etcd.change_leader();
        world.run_for(1700ms);
    }
    EXPECT_TRUE(a.is_active());
    EXPECT_THAT(a.losses, IsEmpty());
    EXPECT_EQ(b.stage(), Stage::queued);
}

TEST_F(ElectionTest, AStandbyWaitsForEtcdAndSaysSo) {
    Machine& a = join("a");
    Machine& b = join("b");
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    world.run_for(4s);
    EXPECT_THAT(b.reports, Contains(HasSubstr("no endpoint of etcd answers")));
    EXPECT_THAT(a.reports, Contains(HasSubstr("stays active for another")));
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, true);
    world.run_for(4s);
    EXPECT_THAT(b.reports, Contains("etcd answers again"));
    EXPECT_TRUE(a.is_active());
    EXPECT_EQ(b.stage(), Stage::queued);
}

TEST_F(ElectionTest, AFaultOfEachEndpointIsReportedOnceWithTheTimeThatIsLeft) {
    Machine& a = join("a");
    world.run_for(10s);
    a.reports.clear();
    etcd.fate = [](const mocks::FakeEtcd::Message&) {
        return mocks::FakeEtcd::Fate{.http_status = 403, .body = R"({"code":7,"message":"permission denied"})"};
    };
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }));
    EXPECT_THAT(a.reports, Contains(HasSubstr("permission denied; this instance stays active for another")).Times(1));
    for (const auto& url : etcd.endpoints())
        EXPECT_LE(std::count_if(a.reports.begin(), a.reports.end(),
                                [&](const std::string& text) { return text.find(url) != std::string::npos; }),
                  4)
            << url;
}

TEST_F(ElectionTest, ItStartsBeforeEtcd) {
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    Machine& a = world.add("a");
    world.run_for(1min);
    EXPECT_EQ(a.stage(), Stage::joining);
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, true);
    EXPECT_TRUE(world.run_until([&] { return a.wins > 0; }, 5s));
}

TEST_F(ElectionTest, ALeaseThatIsTooShortForTheTimesIsRefusedWithTheArithmetic) {
    etcd.store.granted_ttl = 1s;
    Machine& a = world.add("a");
    world.run_for(1s);
    EXPECT_EQ(a.stage(), Stage::joining);
    EXPECT_THAT(a.reports, Contains(AllOf(HasSubstr("a lease of 1 s"), HasSubstr("the time between renewals (333 ms)"),
                                          HasSubstr("loss-stop-timeout ("), HasSubstr("a margin of 100 ms need"),
                                          HasSubstr("raise cluster-ttl or lower loss-stop-timeout"))));
}

TEST_F(ElectionTest, ALeaseThatEtcdDoesNotGrantIsRefused) {
    etcd.store.granted_ttl = 0s;
    Machine& a = world.add("a");
    world.run_for(1s);
    EXPECT_EQ(a.stage(), Stage::joining);
    EXPECT_THAT(a.reports, Contains(HasSubstr("granted none")));
}

TEST_F(ElectionTest, TheTtlThatEtcdGrantsCounts) {
    etcd.store.granted_ttl = 30s;
    Machine& a = join("a");
    ASSERT_TRUE(a.kill_at);
    EXPECT_GT(*a.kill_at, a.clock.boot_now() + 26s);
}

TEST_F(ElectionTest, ATurnThatFailsForLackOfMemoryEndsAnActivityAndNotTheProcess) {
    Machine& a = join("a");
    Machine& b = join("b");
    bool has_memory = false;
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        if (message.client != "b" && !has_memory) throw std::length_error{"full"};
        return mocks::FakeEtcd::Fate{};
    };
    ASSERT_TRUE(world.run_until([&] { return !a.losses.empty(); }, 10s));
    EXPECT_THAT(a.losses.front().reason, HasSubstr("the thread of the lock failed: full"));
    has_memory = true;
    a.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 1s));
}

TEST_F(ElectionTest, AResignedInstanceGoesToTheEndOfTheQueue) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    a.stand_down();
    a.start();
    ASSERT_TRUE(world.run_until([&] { return b.wins > 0; }));
    world.run_for(1s);
    b.stand_down();
    ASSERT_TRUE(world.run_until([&] { return c.wins > 0; }));
    c.stand_down();
    ASSERT_TRUE(world.run_until([&] { return a.wins > 0; }));
}

TEST_F(ElectionTest, AnInstanceThatCannotBecomeActiveLetsTheNextOneFollowAtOnce) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    b.has_timer = false;
    a.stand_down();
    ASSERT_TRUE(world.run_until([&] { return c.wins > 0; }, 1s));
    EXPECT_EQ(b.wins, 0);
    EXPECT_THAT(b.reports, Contains(HasSubstr("cannot become active")));
    b.has_timer = true;
    world.run_for(1s);
    EXPECT_EQ(b.stage(), Stage::queued);
    c.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 50ms));
}

TEST_F(ElectionTest, AnInstanceThatStopsBeforeItKnowsThatItsClaimWasMadeLetsTheNextOneFollowAtOnce) {
    Machine& a = join("a");
    Machine& b = join("b");
    Machine& c = join("c");
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        const bool is_claim = message.client == "b" && b.stage() == Stage::claiming;
        return mocks::FakeEtcd::Fate{.is_lost_back = is_claim};
    };
    a.stand_down();
    const auto& record = etcd.store.keys.at("/servicekit/trial.holder").value;
    ASSERT_TRUE(world.run_until([&] { return record.find(R"("b")") != std::string::npos; }, 50ms));
    b.stand_down();
    EXPECT_TRUE(world.run_until([&] { return c.wins > 0; }, 50ms));
    EXPECT_EQ(b.wins, 0);
}

TEST_F(ElectionTest, AnInstanceThatCouldNotLeaveIsFollowedLater) {
    Machine& a = join("a");
    Machine& b = join("b");
    cut("a");
    a.stand_down();
    EXPECT_TRUE(world.run_until([&] { return b.wins > 0; }, 20s));
}

/// What happens to one message of a contender.
struct MessageFault {
    const char* name;
    mocks::FakeEtcd::Fate fate;
};

class ElectionFaultTest : public ElectionTest, public ::testing::WithParamInterface<MessageFault> {
protected:
    /// A start, a clean end and a take-over of three contenders. The message with this number meets the fault.
    void live(int nth) {
        SCOPED_TRACE("message " + std::to_string(nth));
        World own;
        sent = 0;
        own.etcd.fate = [&](const mocks::FakeEtcd::Message&) {
            return sent++ == nth ? GetParam().fate : mocks::FakeEtcd::Fate{};
        };
        Machine& a = own.add("a");
        own.run_until([&] { return a.wins > 0; }, 30s);
        Machine& b = own.add("b");
        Machine& c = own.add("c");
        own.run_for(10s);
        ASSERT_EQ((a.wins > 0 ? 1 : 0) + b.wins + c.wins, 1);
        Machine& active = a.has_won ? a : b.has_won ? b : c;
        active.stand_down();
        ASSERT_TRUE(own.run_until([&] { return a.has_won || b.has_won || c.has_won; }, 30s));
        Machine& second = a.has_won ? a : b.has_won ? b : c;
        EXPECT_GT(second.state->token, 0U);
        own.run_for(5s);
        second.kill();
        ASSERT_TRUE(own.run_until([&] { return a.has_won || b.has_won || c.has_won; }, 40s));
    }

    int sent = 0;
};

TEST_P(ElectionFaultTest, EachMessageOfAStartACleanEndAndATakeOverMayMeetIt) {
    constexpr int none = -1;
    constexpr int most = 80;
    live(none);
    EXPECT_LT(sent, most) << "not each message meets the fault";
    for (int nth = 0; nth < most; ++nth) live(nth);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, ElectionFaultTest,
    ::testing::Values(
        MessageFault{"LostThere", {.is_lost_there = true}}, MessageFault{"LostBack", {.is_lost_back = true}},
        MessageFault{"LateThere", {.there = 2500ms}}, MessageFault{"LateBack", {.back = 900ms}},
        MessageFault{"Doubled", {.is_doubled = true}}, MessageFault{"Refused", {.is_refused = true}},
        MessageFault{"Unavailable",
                     {.http_status = 503,
                      .body = R"({"error":"etcdserver: no leader","code":14,"message":"etcdserver: no leader"})"}}),
    [](const auto& instance) { return std::string{instance.param.name}; });

}  // namespace
}  // namespace servicekit::cluster
