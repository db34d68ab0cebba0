#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr uid_t alice = 54'001;
constexpr uid_t bob = 54'002;
constexpr gid_t operators = 54'070;

/// What real users of the machine may request from a service whose socket is open to everyone. The users are not in the
/// user database, so they are given by number.
class ControlRolesTest : public ServiceTest {
protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "only root can be another user";
        ServiceTest::SetUp();
        if (run_command(as_stranger(trial.command({"--version"}))).exit_code != 0)
            GTEST_SKIP() << "another user may not run the programs here";
        trial.add_options({"--control-mode", "0666"});
    }

    [[nodiscard]] Outcome as(const Identity& who, const Strings& verb) const {
        return run_command(as_user(who, trial.command(verb)));
    }
    void expect_allowed(const Identity& who, const Strings& verb) const {
        const Outcome outcome = as(who, verb);
        EXPECT_EQ(outcome.exit_code, 0) << verb.at(0) << ": " << outcome;
    }
    void expect_refused(const Identity& who, const Strings& verb, const std::string& needs) const {
        const Outcome outcome = as(who, verb);
        const bool ends = verb.at(0) == "stop" || verb.at(0) == "kill";
        EXPECT_EQ(outcome.exit_code, ends ? 77 : 1) << verb.at(0) << ": " << outcome;
        EXPECT_THAT(outcome.err, HasSubstr("uid " + std::to_string(who.user) + " may not ask for '"));
        EXPECT_THAT(outcome.err, HasSubstr("': it needs the role '" + needs + "'"));
    }
};

TEST_F(ControlRolesTest, AStrangerHasNoAccess) {
    RunningService service{trial};
    ASSERT_EQ(fs::status(trial.control_socket()).permissions(), fs::perms{0666});
    const Identity nobody{.user = stranger, .group = stranger};

    expect_refused(nobody, {"call", "status"}, "read");
    expect_refused(nobody, {"events"}, "read");
    expect_refused(nobody, {"log-level"}, "read");
    expect_refused(nobody, {"reload"}, "operate");
    expect_refused(nobody, {"log-reopen"}, "operate");
    expect_refused(nobody, {"call", "echo", "--json", "{}"}, "operate");
    expect_refused(nobody, {"stop"}, "admin");
    expect_refused(nobody, {"kill"}, "admin");

    EXPECT_FALSE(service.has_ended());
    service.await_log("refused to uid " + std::to_string(stranger) + ", pid ");
    expect_allowed({}, {"stop"});
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ControlRolesTest, AStrangerWhoMayReadTheLogFileSeesItsContent) {
    trial.add_options({"--log-mode", "644"});
    const RunningService service{trial};

    const Outcome logs = as({.user = stranger, .group = stranger}, {"logs"});

    EXPECT_EQ(logs.exit_code, 0) << logs;
    EXPECT_THAT(logs.out, HasSubstr(": starting, pid "));
    EXPECT_EQ(logs.err, "");
}

TEST_F(ControlRolesTest, TheSocketsGroupMayRead) {
    trial.add_options({"--control-group", std::to_string(operators)});
    RunningService service{trial};

    for (const Identity& member : {Identity{.user = alice, .group = operators},
                                   Identity{.user = alice, .group = alice, .groups = {operators}}}) {
        expect_allowed(member, {"call", "status"});
        expect_allowed(member, {"events"});
        expect_allowed(member, {"log-level"});
        expect_refused(member, {"log-level", "debug"}, "operate");
        expect_refused(member, {"reload"}, "operate");
        expect_refused(member, {"stop"}, "admin");
        expect_refused(member, {"kill"}, "admin");
    }
    EXPECT_FALSE(service.has_ended());
}

TEST_F(ControlRolesTest, AGroupCountsEvenIfTheUserHasManyGroups) {
    trial.add_options({"--control-group", std::to_string(operators)});
    const RunningService service{trial};
    Identity member{.user = alice, .group = alice};
    for (gid_t group = 60'000; group < 60'100; ++group) member.groups.push_back(group);
    expect_refused(member, {"call", "status"}, "read");

    member.groups.push_back(operators);

    expect_allowed(member, {"call", "status"});
}

TEST_F(ControlRolesTest, TheConfigFileGrantsRoles) {
    trial.configure({{"control-read", Value::List{"everyone"}},
                     {"control-operate", Value::List{"group:" + std::to_string(operators)}},
                     {"control-admin", Value::List{"user:" + std::to_string(bob)}}});
    RunningService service{trial};
    const Identity member{.user = alice, .group = alice, .groups = {operators}};

    expect_allowed({.user = stranger, .group = stranger}, {"call", "status"});
    expect_refused({.user = stranger, .group = stranger}, {"reload"}, "operate");
    expect_allowed(member, {"reload"});
    expect_allowed(member, {"log-level", "info"});
    expect_allowed(member, {"log-reopen"});
    expect_allowed(member, {"call", "echo", "string=hello"});
    service.await_log("event 'echo' {\"string\":\"hello\"} asked for by uid " + std::to_string(alice) + ", pid ");
    expect_refused(member, {"stop"}, "admin");
    EXPECT_FALSE(service.has_ended());

    expect_allowed({.user = bob, .group = bob}, {"stop"});
    EXPECT_EQ(service.exit_code(), 0);
    service.await_log("stopping: asked for by uid " + std::to_string(bob) + ", pid ");
}

TEST_F(ControlRolesTest, TheModeOverridesTheRules) {
    trial.add_options({"--control-mode", "0660", "--control-group", std::to_string(operators), "--control-admin",
                       "user:" + std::to_string(bob)});
    const RunningService service{trial};

    const Outcome outcome = as({.user = bob, .group = bob}, {"reload"});

    EXPECT_EQ(outcome.exit_code, 77) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("Permission denied"));
    expect_allowed({.user = bob, .group = bob, .groups = {operators}}, {"reload"});
}

TEST_F(ControlRolesTest, TheUserThatTheServiceBecameIsAnAdmin) {
    trial.add_options({"--user", std::to_string(alice), "--group", std::to_string(operators)});
    RunningService service{trial};

    expect_refused({.user = bob, .group = bob}, {"call", "status"}, "read");
    expect_allowed({.user = bob, .group = operators}, {"call", "status"});
    expect_refused({.user = bob, .group = operators}, {"stop"}, "admin");
    expect_allowed({.user = alice, .group = alice}, {"stop"});
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ControlRolesTest, TheOwnerOfTheSocketIsAnAdmin) {
    trial.add_options({"--control-mode", "0600", "--control-owner", std::to_string(alice)});
    RunningService service{trial};

    EXPECT_EQ(as({.user = bob, .group = bob}, {"call", "status"}).exit_code, 77);
    expect_allowed({.user = alice, .group = alice}, {"reload"});
    expect_allowed({.user = alice, .group = alice}, {"stop"});
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ControlRolesTest, AnUnknownGroupIsReportedAtTheStart) {
    trial.add_options({"--control-admin", "group:no-such-group"});

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 78);
    EXPECT_EQ(started.err,
              "trial-service: cannot use the rule 'group:no-such-group': there is no group 'no-such-group'\n");
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

}  // namespace
}  // namespace servicekit::test
