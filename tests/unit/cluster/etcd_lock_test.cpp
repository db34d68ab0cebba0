#include "servicekit/cluster/etcd_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "cluster/contender_record.hpp"
#include "servicekit/mocks/fake_etcd.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecordingContender final : public Contender {
public:
    void won() override { ++wins; }
    void lost(const Error& why, std::chrono::milliseconds) override { losses.push_back(why.message()); }
    void report(LogLevel, const std::string& text) override { reports.push_back(text); }

    int wins = 0;
    std::vector<std::string> losses;
    std::vector<std::string> reports;
};

class EtcdLockTest : public ::testing::Test {
protected:
    EtcdLockTest() { os.files.add_file("/proc/sys/kernel/hostname", "db1\n"); }

    std::unique_ptr<EtcdLock> make(const std::string& name, EtcdLock::Options options = {},
                                   const std::string& service = "greeter") {
        if (options.endpoints.empty()) options.endpoints = etcd.endpoints();
        auto lock = std::make_unique<EtcdLock>(std::move(options), os.host(), etcd.transport(name));
        lock->configure({.name = service, .pid_file = "/run/" + name + ".pid"});
        EXPECT_TRUE(lock->acquire(LockWait::fail_fast, {}));
        return lock;
    }
    Error refusal_of(EtcdLock::Options options) {
        RecordingContender contender;
        const auto joined = make("refused", std::move(options))->contend(contender, {});
        EXPECT_FALSE(joined);
        return joined ? Error{} : joined.error();
    }

    mocks::FakeOs os;
    mocks::FakeEtcd etcd{os.reactor};
    RecordingContender first;
    RecordingContender second;
};

TEST_F(EtcdLockTest, IsInactiveBeforeItContends) {
    const auto lock = make("a");
    EXPECT_TRUE(lock->has_standby());
    EXPECT_FALSE(lock->is_active());
    EXPECT_EQ(lock->token(), std::nullopt);
    EXPECT_FALSE(lock->status_fields().contains("endpoints"));
}

TEST_F(EtcdLockTest, OneIsActiveAndTheOtherFollowsWhenItStandsDown) {
    const auto a = make("a");
    const auto b = make("b");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    ASSERT_EQ(first.wins, 1);
    ASSERT_TRUE(b->contend(second, {}));
    os.advance(30s);
    EXPECT_TRUE(a->is_active());
    EXPECT_EQ(second.wins, 0);
    const auto earlier = a->token();

    a->stand_down();
    EXPECT_FALSE(a->is_active());
    EXPECT_EQ(a->token(), std::nullopt);
    EXPECT_THAT(os.kill_timers.times(), ::testing::SizeIs(::testing::Le(1U)));
    os.advance(100ms);
    EXPECT_EQ(second.wins, 1);
    EXPECT_TRUE(b->is_active());
    EXPECT_GT(b->token(), earlier);
    EXPECT_THAT(first.losses, IsEmpty());
}

TEST_F(EtcdLockTest, MayContendAgain) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    a->stand_down();
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    EXPECT_EQ(first.wins, 2);
    EXPECT_TRUE(a->is_active());
}

TEST_F(EtcdLockTest, AStopEndsAJoinThatEtcdDoesNotAnswer) {
    std::stop_source stop;
    etcd.fate = [&stop](const mocks::FakeEtcd::Message&) {
        stop.request_stop();
        return mocks::FakeEtcd::Fate{.is_lost_there = true};
    };
    const auto a = make("a");
    const auto before = os.clock.steady_now();
    ASSERT_TRUE(a->contend(first, stop.get_token()));
    EXPECT_EQ(os.clock.steady_now(), before);

    etcd.fate = [](const mocks::FakeEtcd::Message&) { return mocks::FakeEtcd::Fate{}; };
    a->stand_down();
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    EXPECT_EQ(first.wins, 1);
}

TEST_F(EtcdLockTest, AStopThatEndsAJoinLeavesNeitherKeyNorLease) {
    std::stop_source stop;
    etcd.fate = [&stop](const mocks::FakeEtcd::Message& message) {
        if (message.path == "/v3/kv/txn") stop.request_stop();
        return mocks::FakeEtcd::Fate{};
    };
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, stop.get_token()));
    EXPECT_TRUE(stop.stop_requested());
    os.advance(100ms);
    EXPECT_EQ(first.wins, 0);
    EXPECT_TRUE(etcd.store.keys_with("/servicekit/greeter/").empty());
    EXPECT_TRUE(etcd.store.leases.empty());
}

TEST_F(EtcdLockTest, TheKernelsTimerIsSetWhileItIsActiveAndGoneAfterwards) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    ASSERT_EQ(os.kill_timers.times().size(), 1U);
    const auto earlier = *os.kill_timers.times().begin();
    os.advance(10s);
    EXPECT_GT(*os.kill_timers.times().begin(), earlier);
    a->stand_down();
    EXPECT_TRUE(os.kill_timers.times().empty());
    EXPECT_TRUE(etcd.store.keys_with("/servicekit/greeter/").empty());
    EXPECT_TRUE(etcd.store.leases.empty());
}

TEST_F(EtcdLockTest, AReleaseOfAnActiveInstanceLetsNobodyElseBecomeActive) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    a->release();
    EXPECT_TRUE(a->is_active());
    EXPECT_EQ(os.kill_timers.times().size(), 1U);
    EXPECT_EQ(etcd.store.keys_with("/servicekit/greeter/").size(), 1U);
}

TEST_F(EtcdLockTest, AKernelWithoutSuchATimerIsReportedAndNobodyIsActive) {
    os.kill_timers.failures.fail_always("kill_at", EINVAL);
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(5s);
    EXPECT_EQ(first.wins, 0);
    EXPECT_FALSE(a->is_active());
    EXPECT_THAT(first.reports, Contains(HasSubstr("cannot become active: cannot set a timer: Invalid argument")));
}

TEST_F(EtcdLockTest, IsActiveUntilItsDeadlineExactly) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    const auto deadline = *os.kill_timers.times().begin();
    os.clock.suspend(deadline - os.clock.boot_now() - 1ns);
    EXPECT_TRUE(a->is_active());
    EXPECT_TRUE(a->token());
    os.clock.suspend(1ns);
    EXPECT_FALSE(a->is_active());
    EXPECT_FALSE(a->token());
}

TEST_F(EtcdLockTest, KnowsWhetherAnotherStandsBy) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    etcd.store.put("/servicekit/greeter/state", "7");
    EXPECT_FALSE(a->has_successor().value());
    const auto b = make("b");
    ASSERT_TRUE(b->contend(second, {}));
    EXPECT_TRUE(a->has_successor().value());
    b->stand_down();
    EXPECT_FALSE(a->has_successor().value());
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    EXPECT_FALSE(a->has_successor());
}

TEST_F(EtcdLockTest, AnInstanceThatWasKilledIsNoSuccessor) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    const auto lease = etcd.store.grant(10s, etcd.now());
    etcd.store.put(cluster::key_of_contender("/servicekit/greeter/", lease), "{}", lease);
    EXPECT_TRUE(a->has_successor().value());
    os.advance(6s);
    EXPECT_EQ(etcd.store.keys_with("/servicekit/greeter/").size(), 2U);
    EXPECT_FALSE(a->has_successor().value());
}

TEST_F(EtcdLockTest, StatusShowsTheActiveInstanceTheLeaseAndTheEndpoints) {
    const auto a = make("a");
    const auto b = make("b");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    ASSERT_TRUE(b->contend(second, {}));
    os.advance(100ms);
    const Object fields = b->status_fields();
    const Object active = fields.get<Object>("active");
    EXPECT_EQ(active.get<std::string>("host"), "db1");
    EXPECT_EQ(active.get<pid_t>("pid"), os.process.id());
    EXPECT_THAT(active.get<std::string>("since"), ::testing::StartsWith("2026-01-02T"));
    EXPECT_EQ(fields.get<int>("contenders"), 2);
    EXPECT_GT(fields.get<double>("lease-seconds-left"), 5.0);
    const auto endpoints = fields.get<Value::List>("endpoints");
    ASSERT_EQ(endpoints.size(), 3U);
    EXPECT_EQ(endpoints[0].as_object().get<std::string>("state"), "ok");
}

TEST_F(EtcdLockTest, StatusShowsHowLongItStaysActiveIfEtcdDoesNotAnswer) {
    const auto a = make("a", {.ttl = 9s});
    const auto b = make("b", {.ttl = 9s});
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    ASSERT_TRUE(b->contend(second, {}));
    os.advance(100ms);
    EXPECT_FALSE(b->status_fields().contains("active-seconds-left"));
    // A loss begins 5.1 s after the last renewal was sent; the lease ends after 9 s.
    const double left = a->status_fields().get<double>("active-seconds-left");
    EXPECT_GT(left, 4.0);
    EXPECT_LE(left, 5.1);
    EXPECT_GT(a->status_fields().get<double>("lease-seconds-left"), left + 3.5);

    for (std::size_t node = 0; node < 3; ++node) etcd.set_connected("a", node, false);
    os.advance(std::chrono::milliseconds{static_cast<int>(left * 1000) - 100});
    EXPECT_THAT(first.losses, IsEmpty());
    EXPECT_LE(a->status_fields().get<double>("active-seconds-left"), 0.2);
    os.advance(200ms);
    EXPECT_EQ(first.losses.size(), 1U);
    EXPECT_FALSE(a->status_fields().contains("active-seconds-left"));
}

TEST_F(EtcdLockTest, TheStartFailsForFaultsThatWaitingDoesNotCure) {
    EXPECT_EQ(refusal_of({.endpoints = {"etcd1"}}).exit_code, ExitCode::configuration);
    EXPECT_EQ(refusal_of({.user = "app"}).exit_code, ExitCode::configuration);
    etcd.demand_login("app", "s3cret");
    EXPECT_EQ(refusal_of({}).exit_code, ExitCode::permission);
    os.files.add_file("/etc/password", "wrong\n", 0600);
    const Error denied = refusal_of({.user = "app", .password_file = "/etc/password"});
    EXPECT_EQ(denied.exit_code, ExitCode::permission);
    EXPECT_THAT(denied.message(), HasSubstr("authentication failed"));
    etcd.fate = [](const mocks::FakeEtcd::Message&) {
        return mocks::FakeEtcd::Fate{.http_status = 200, .body = "<html>"};
    };
    EXPECT_EQ(refusal_of({}).exit_code, ExitCode::configuration);
}

TEST_F(EtcdLockTest, TheStartFailsForWhatSomeEndpointsRefuseAndTheOthersDoNotAnswer) {
    etcd.demand_login("app", "s3cret");
    for (std::size_t silent = 0; silent < 3; ++silent) {
        etcd.set_connected("refused", silent, false);
        EXPECT_EQ(refusal_of({}).exit_code, ExitCode::permission) << silent;
        EXPECT_EQ(refusal_of({.must_answer_at_start = true}).exit_code, ExitCode::permission) << silent;
        etcd.set_connected("refused", silent, true);
    }
}

TEST_F(EtcdLockTest, APasswordThatCannotBeReadEndsTheStartAtOnce) {
    os.files.add_file("/etc/password", "s3cret\n", 0644);
    for (const auto& endpoints : {std::vector<std::string>{"http://etcd1:2379"}, etcd.endpoints()}) {
        const auto begin = os.clock.boot_now();
        const Error refused = refusal_of({.endpoints = endpoints, .user = "app", .password_file = "/etc/password"});
        EXPECT_EQ(refused.exit_code, ExitCode::permission);
        EXPECT_THAT(refused.message(), HasSubstr("every user has rights on the file"));
        EXPECT_LT(os.clock.boot_now() - begin, 1s);
    }
}

TEST_F(EtcdLockTest, APasswordWithoutTlsIsWarnedOfOnce) {
    etcd.demand_login("app", "s3cret");
    os.files.add_file("/etc/password", "s3cret\n", 0600);
    const auto a = make("a", {.user = "app", .password_file = "/etc/password"});
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(a->contend(first, {}));
        os.advance(100ms);
        a->stand_down();
    }
    EXPECT_EQ(first.wins, 2);
    EXPECT_EQ(std::count(first.reports.begin(), first.reports.end(),
                         "the password of etcd's user goes to 'http://etcd1:2379' without TLS (https://)"),
              1);
}

TEST_F(EtcdLockTest, WhatOneEndpointRefusesAnotherServes) {
    etcd.fate = [](const mocks::FakeEtcd::Message& message) {
        return message.node == 0 ? mocks::FakeEtcd::Fate{.http_status = 403, .body = R"({"message":"no","code":7})"}
                                 : mocks::FakeEtcd::Fate{};
    };
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(30s);
    EXPECT_EQ(first.wins, 1);
    EXPECT_THAT(first.losses, IsEmpty());
}

TEST_F(EtcdLockTest, ATtlThatEtcdDoesNotGrantMayNotFit) {
    etcd.store.granted_ttl = 2s;
    const Error refused = refusal_of({.loss_stop_timeout = 4s});
    EXPECT_EQ(refused.exit_code, ExitCode::configuration);
    EXPECT_THAT(refused.message(), HasSubstr("a lease of 2 s"));
}

TEST_F(EtcdLockTest, WithoutEtcdItStandsByUnlessItMustAnswer) {
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    const Error refused = refusal_of({.must_answer_at_start = true});
    EXPECT_EQ(refused.exit_code, ExitCode::timeout);
    EXPECT_THAT(refused.message(), HasSubstr("no endpoint answers: cannot get a lease from 'http://etcd"));

    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    EXPECT_THAT(first.reports, Contains(HasSubstr("no endpoint of etcd answers")));
    os.advance(10s);
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, true);
    os.advance(5s);
    EXPECT_EQ(first.wins, 1);
}

TEST_F(EtcdLockTest, OnlyTheFirstContentionFailsForWhatEtcdRefusesOrDoesNotAnswer) {
    const auto a = make("a", {.must_answer_at_start = true});
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    a->stand_down();
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    ASSERT_TRUE(a->contend(first, {}));
    a->stand_down();
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, true);
    etcd.demand_login("app", "s3cret");
    ASSERT_TRUE(a->contend(first, {}));
    EXPECT_THAT(first.reports, Contains(HasSubstr("user name is empty")));
    etcd.demand_login("", "");
    os.advance(30s);
    EXPECT_EQ(first.wins, 2);
}

TEST_F(EtcdLockTest, AThreadThatCannotStartIsAnError) {
    os.threads.failures.fail_next("start", EAGAIN);
    const auto a = make("a");
    EXPECT_FALSE(a->contend(first, {}));
    EXPECT_TRUE(etcd.store.keys_with("/servicekit/greeter/").empty());
    ASSERT_TRUE(a->contend(first, {}));
}

TEST_F(EtcdLockTest, AStandbyEndsSoonThoughEtcdDoesNotAnswer) {
    const auto a = make("a");
    const auto b = make("b");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    ASSERT_TRUE(b->contend(second, {}));
    os.advance(100ms);
    for (std::size_t node = 0; node < 3; ++node) etcd.set_connected("b", node, false);
    const auto begin = os.clock.boot_now();
    b->stand_down();
    EXPECT_LE(os.clock.boot_now() - begin, 500ms);
}

TEST_F(EtcdLockTest, AnInstanceThatStandsDownHearsNothingMore) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(1s);
    first.reports.clear();
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    a->stand_down();
    EXPECT_THAT(first.reports, IsEmpty());
    EXPECT_THAT(first.losses, IsEmpty());
}

TEST_F(EtcdLockTest, TwoServicesInOneProcessHaveLimitsOfTheirOwn) {
    const auto short_one = make("a", {.ttl = 4s}, "greeter");
    const auto long_one = make("b", {.ttl = 40s}, "tally");
    ASSERT_TRUE(short_one->contend(first, {}));
    ASSERT_TRUE(long_one->contend(second, {}));
    os.advance(100ms);
    ASSERT_EQ(first.wins + second.wins, 2);
    for (std::size_t node = 0; node < 3; ++node) {
        etcd.set_connected("a", node, false);
        etcd.set_connected("b", node, false);
    }
    // The limits are 2.2 s and 22.6 s after the last renewal.
    os.advance(2300ms);
    ASSERT_EQ(first.losses.size(), 1U);
    short_one->stand_down();
    EXPECT_FALSE(short_one->is_active());
    os.advance(15s);
    EXPECT_TRUE(long_one->is_active());
    EXPECT_TRUE(long_one->token());
    EXPECT_THAT(second.losses, IsEmpty());
    EXPECT_EQ(os.kill_timers.times().size(), 1U);
    os.advance(10s);
    EXPECT_EQ(second.losses.size(), 1U);
}

TEST_F(EtcdLockTest, LossesAreReportedAndStandingDownEndsThem) {
    const auto a = make("a");
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(1s);
    etcd.store.erase(etcd.store.keys_with("/servicekit/greeter/").front());
    os.advance(10ms);
    ASSERT_EQ(first.losses.size(), 1U);
    EXPECT_THAT(first.losses[0], HasSubstr("cannot keep 'the lock in etcd': its key '/servicekit/greeter/"));
    EXPECT_FALSE(a->is_active());
    EXPECT_EQ(os.kill_timers.times().size(), 1U);
    a->stand_down();
    EXPECT_TRUE(os.kill_timers.times().empty());
    ASSERT_TRUE(a->contend(first, {}));
    os.advance(100ms);
    EXPECT_EQ(first.wins, 2);
}

}  // namespace
}  // namespace servicekit
