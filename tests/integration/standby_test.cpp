// Instances of a service whose lock has two levels, as real processes.
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class StandbyTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        fs::create_directory(directory.file("one"));
        fs::create_directory(directory.file("two"));
        for (ServiceProgram* program : {&one, &two})
            program->add_options({"--cluster-prefix", directory.file("tickets")});
    }
    static std::string state_of(const RunningService& service) {
        return service.call("status").get<std::string>("state");
    }
    static void await_state_of(const RunningService& service, const std::string& state) {
        await_state("the state " + state, [&] { return state_of(service) == state; });
    }

    ServiceProgram one{"standby-trial", directory.file("one")};
    ServiceProgram two{"standby-trial", directory.file("two")};
};

TEST_F(StandbyTest, TheSecondInstanceStandsByAndAnswers) {
    RunningService active{one};
    await_state_of(active, "running");
    RunningService standby{two};
    EXPECT_EQ(state_of(standby), "standby");
    EXPECT_EQ(two.verb({"start"}).exit_code, 69);
    EXPECT_EQ(standby.call("status").get<std::string>("role"), "standby");
    EXPECT_EQ(active.call("status").get<std::string>("role"), "active");
    const Object refused = standby.call_in_vain("token");
    EXPECT_EQ(refused.get<std::string>("code"), "not-ready");
    EXPECT_EQ(refused.get<std::string>("state"), "standby");
    EXPECT_EQ(two.verb({"health"}).exit_code, 1);
    EXPECT_EQ(two.verb({"health", "--live"}).exit_code, 0);
    EXPECT_EQ(two.verb({"reload"}).exit_code, 0);
    standby.signal(SIGHUP);
    standby.await_log("reload: ");
    EXPECT_EQ(two.verb({"log-level", "debug"}).exit_code, 0);
    standby.signal(SIGTERM);
    EXPECT_EQ(standby.exit_code(), 0);
    EXPECT_THAT(two.log(), Not(HasSubstr("on_stop")));
    EXPECT_EQ(one.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, TakesOverFromAKilledInstance) {
    RunningService active{one};
    await_state_of(active, "running");
    RunningService standby{two};
    const auto first = active.call("token").get<std::int64_t>("token");
    active.signal(SIGKILL);
    active.exit_code();
    await_state_of(standby, "running");
    EXPECT_GT(standby.call("token").get<std::int64_t>("token"), first);
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, TwoInstancesHandOverToEachOther) {
    RunningService first{one};
    await_state_of(first, "running");
    EXPECT_EQ(one.verb({"resign"}).exit_code, 69);
    RunningService second{two};
    EXPECT_EQ(two.verb({"resign"}).exit_code, 1);
    for (int round = 1; round <= 3; ++round) {
        EXPECT_EQ(one.verb({"resign"}).exit_code, 0);
        await_state_of(second, "running");
        EXPECT_EQ(second.call("token").get<std::int64_t>("activities"), round);
        EXPECT_EQ(two.verb({"resign"}).exit_code, 0);
        await_state_of(first, "running");
        EXPECT_EQ(first.call("token").get<std::int64_t>("activities"), round + 1);
    }
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(one.verb({"resign", "--force"}).exit_code, 0);
    await_state_of(first, "running");
    EXPECT_EQ(one.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, ALossEndsTheProcessAndTheNextTakesOver) {
    RunningService active{one};
    await_state_of(active, "running");
    RunningService standby{two};
    active.call("lose");
    EXPECT_EQ(active.exit_code(), 75);
    EXPECT_THAT(one.log(), AllOf(HasSubstr("the lock is lost"), HasSubstr("on_stop of activity 1"),
                                 HasSubstr("it was taken away")));
    await_state_of(standby, "running");
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, ALossCanBeFollowedByStandby) {
    one.add_options({"--after-loss", "standby"});
    RunningService active{one};
    await_state_of(active, "running");
    RunningService other{two};
    active.call("lose");
    await_state_of(other, "running");
    await_state_of(active, "standby");
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
    await_state_of(active, "running");
    EXPECT_EQ(active.call("token").get<std::int64_t>("activities"), 2);
    EXPECT_EQ(one.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, AStartWaitsUntilTheServiceIsActiveIfThatIsSet) {
    RunningService active{one};
    await_state_of(active, "running");
    RunningCommand start{two.command({"start", "--ready-when", "active"})};
    await_state("the second instance stands by", [&] { return two.pid_in_file() > 0; });
    await_state("it answers", [&] { return two.verb({"health", "--live"}).exit_code == 0; });
    EXPECT_FALSE(start.has_ended());
    EXPECT_EQ(one.verb({"stop"}).exit_code, 0);
    const Outcome started = start.finish();
    EXPECT_EQ(started.exit_code, 0) << started;
    EXPECT_THAT(two.verb({"status"}).out, HasSubstr("running"));
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, AStartIsOverInStandbyByDefault) {
    RunningService active{one};
    await_state_of(active, "running");
    EXPECT_EQ(two.verb({"start", "--ready-when", "standby"}).exit_code, 0);
    EXPECT_THAT(two.verb({"status"}).out, HasSubstr("standby"));
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(one.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, ARestartOfTheActiveInstanceWaitsForASuccessor) {
    RunningService active{one};
    await_state_of(active, "running");
    const Outcome alone = one.verb({"restart", "--timeout", "0"});
    EXPECT_EQ(alone.exit_code, 0) << alone;
    EXPECT_THAT(alone.err, HasSubstr("no other instance has stood by within 0 s; going on without one"));
    await_state_of(active, "running");  // a call reaches whichever process has the control socket

    RunningCommand restart{one.command({"restart", "--timeout", "60"})};
    restart.await_output("waiting for another instance that stands by");
    RunningService standby{two};
    EXPECT_EQ(restart.finish().exit_code, 0);
    await_state_of(standby, "running");
    EXPECT_THAT(one.verb({"status"}).out, HasSubstr("standby"));

    const Outcome of_standby = one.verb({"restart"});
    EXPECT_EQ(of_standby.exit_code, 0) << of_standby;
    EXPECT_THAT(of_standby.err, Not(HasSubstr("instance")));
    EXPECT_EQ(one.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(two.verb({"stop"}).exit_code, 0);
}

TEST_F(StandbyTest, OnlySuchAProgramShowsItsSettingsAndResign) {
    EXPECT_THAT(one.verb({"--help"}).out, AllOf(HasSubstr("--cluster-endpoints"), HasSubstr("\n  resign ")));
    EXPECT_THAT(shell("trial-service --help").out, AllOf(Not(HasSubstr("cluster")), Not(HasSubstr("resign"))));
    EXPECT_EQ(shell("trial-service check --cluster-ttl 5").exit_code, 64);
    EXPECT_EQ(shell("trial-service resign").exit_code, 64);
    EXPECT_THAT(shell("trial-service restart --help").out, Not(HasSubstr("--timeout ")));
    EXPECT_THAT(one.verb({"restart", "--help"}).out, HasSubstr("--timeout "));
    EXPECT_THAT(one.verb({"man"}).out, HasSubstr("cluster"));
    EXPECT_EQ(shell("standby-trial complete -- start --ready-when ''").out, "standby\t\nactive\t\n");
}

}  // namespace
}  // namespace servicekit::test
