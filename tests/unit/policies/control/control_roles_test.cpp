#include "policies/control/control_roles.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include "unit/policies/control/control_fixture.hpp"

namespace servicekit {
namespace {

using Options = UnixSocketControl::Options;

/// The service belongs to uid 500, and its socket is open to everyone. alice is 1000, operators are group 70.
class ControlRolesTest : public ControlFixture {
protected:
    void open_to_everyone(Options options = {}) {
        options.permissions = 0666;
        open(std::move(options));
    }
    /// The role with which a peer's request arrives.
    ControlRole role_of(uid_t uid, gid_t gid = 2000, std::vector<gid_t> groups = {}) {
        auto client =
            host.sockets.connect(std::string{path}, {.pid = 9000, .uid = uid, .gid = gid, .groups = std::move(groups)});
        client.ask("[\"a\"]");
        return requests.asked.back().peer.role;
    }
    [[nodiscard]] Error error_of_opening(Options options) {
        control = control_with(std::move(options));
        const auto opened = control->open(requests, loop);
        return opened ? Error{} : opened.error();
    }
};

TEST_F(ControlRolesTest, TheServicesOwnUserAndRootAreOwners) {
    open_to_everyone();
    EXPECT_EQ(role_of(500), ControlRole::owner);
    EXPECT_EQ(role_of(0), ControlRole::owner);
}

TEST_F(ControlRolesTest, TheOwnerOfTheSocketIsAnAdmin) {
    open_to_everyone({.owner = "alice"});
    EXPECT_EQ(role_of(1000), ControlRole::admin);
    EXPECT_EQ(role_of(500), ControlRole::owner);
}

TEST_F(ControlRolesTest, TheSocketsGroupMayRead) {
    open_to_everyone({.group = "operators"});
    EXPECT_EQ(role_of(1001, 70), ControlRole::read);
    EXPECT_EQ(role_of(1001, 2000, {3000, 70}), ControlRole::read);
    EXPECT_EQ(role_of(1001, 500), ControlRole::none);
}

TEST_F(ControlRolesTest, WithoutANamedGroupTheFilesGroupCounts) {
    open_to_everyone();
    ASSERT_EQ(host.files.status_of(std::string{path}).gid, 500U);
    EXPECT_EQ(role_of(1001, 500), ControlRole::read);
}

TEST_F(ControlRolesTest, AUserWithoutARuleHasNoAccess) {
    open_to_everyone();
    EXPECT_EQ(role_of(1001), ControlRole::none);
}

TEST_F(ControlRolesTest, RulesNameUsersAndGroups) {
    open_to_everyone({.read = {"user:1001"}, .operate = {"group:operators"}, .admin = {"user:alice", "group:90"}});
    EXPECT_EQ(role_of(1001), ControlRole::read);
    EXPECT_EQ(role_of(1002, 70), ControlRole::operate);
    EXPECT_EQ(role_of(1002, 2000, {70}), ControlRole::operate);
    EXPECT_EQ(role_of(1000), ControlRole::admin);
    EXPECT_EQ(role_of(1003, 2000, {1, 90}), ControlRole::admin);
    EXPECT_EQ(role_of(1003), ControlRole::none);
}

TEST_F(ControlRolesTest, TheHighestOfSeveralRolesCounts) {
    open_to_everyone({.read = {"everyone"}, .operate = {"group:operators"}, .admin = {"user:alice"}});
    EXPECT_EQ(role_of(1000, 70), ControlRole::admin);
    EXPECT_EQ(role_of(1001, 70), ControlRole::operate);
    EXPECT_EQ(role_of(1001), ControlRole::read);
}

TEST_F(ControlRolesTest, RulesOfTheDeploymentOverrideTheOptions) {
    control = std::make_unique<UnixSocketControl>(Options{.permissions = 0666, .operate = {"user:1001"}}, host.host());
    Deployment said = deployment();
    said.control_access.operate = {{"user:1002"}};
    said.control_access.read = std::vector<std::string>{};
    said.control_access.group = "operators";
    control->configure(said);
    ASSERT_TRUE(control->open(requests, loop));

    EXPECT_EQ(role_of(1001), ControlRole::none);
    EXPECT_EQ(role_of(1002), ControlRole::operate);
    EXPECT_EQ(role_of(1003, 70), ControlRole::none);
    EXPECT_EQ(host.files.status_of(std::string{path}).gid, 70U);
}

TEST_F(ControlRolesTest, TheDeploymentSetsModeAndOwnerOfTheSocket) {
    control = std::make_unique<UnixSocketControl>(Options{.permissions = 0600}, host.host());
    Deployment said = deployment();
    said.control_access.permissions = 0660;
    said.control_access.owner = "alice";
    control->configure(said);
    ASSERT_TRUE(control->open(requests, loop));

    EXPECT_EQ(host.files.status_of(std::string{path}).permissions, mode_t{0660});
    EXPECT_EQ(host.files.status_of(std::string{path}).uid, 1000U);
}

TEST_F(ControlRolesTest, AnInvalidRuleIsAConfigurationError) {
    const Error no_rule = error_of_opening({.read = {"wheel"}});
    EXPECT_EQ(no_rule.exit_code, ExitCode::configuration);
    EXPECT_EQ(no_rule.message(),
              "cannot use the rule 'wheel': expected 'user:NAME', 'group:NAME', 'socket-group' or 'everyone'");
    EXPECT_EQ(error_of_opening({.operate = {"user:nobody-here"}}).message(),
              "cannot use the rule 'user:nobody-here': there is no user 'nobody-here'");
    EXPECT_EQ(error_of_opening({.admin = {"group:none"}}).message(),
              "cannot use the rule 'group:none': there is no group 'none'");
    host.users.failures.fail_next("find_user", EIO);
    EXPECT_EQ(error_of_opening({.admin = {"user:alice"}}).errno_value, EIO);
    EXPECT_FALSE(host.files.exists(std::string{path}));
}

TEST_F(ControlRolesTest, AnErrorForTheGroupLeavesNoSocket) {
    host.sockets.failures().fail_next("group", EIO);
    EXPECT_EQ(error_of_opening({}).errno_value, EIO);
    EXPECT_FALSE(host.files.exists(std::string{path}));
}

TEST_F(ControlRolesTest, TheUserThatTheServiceBecomesIsItsOwner) {
    host.act_as({.pid = 4711, .uid = 0, .gid = 0});
    open_to_everyone();
    ASSERT_TRUE(control->change_owner(1000, 70));
    EXPECT_EQ(role_of(1000), ControlRole::owner);
    EXPECT_EQ(role_of(1001, 70), ControlRole::read);
    EXPECT_EQ(role_of(1001, 0), ControlRole::none);
}

TEST_F(ControlRolesTest, KnowsIfGroupsMayOperate) {
    const auto groups_may_operate = [this](const Options& options) {
        return policies::ControlRoles::look_up(options, host.users).value().groups_may_operate();
    };
    EXPECT_FALSE(groups_may_operate({}));
    EXPECT_FALSE(groups_may_operate({.read = {"group:operators"}, .operate = {"user:alice", "everyone"}}));
    EXPECT_TRUE(groups_may_operate({.operate = {"group:operators"}}));
    EXPECT_TRUE(groups_may_operate({.admin = {"socket-group"}}));
}

TEST_F(ControlRolesTest, AMemberOfAGroupThatMayOperateIsServedFirst) {
    open_to_everyone({.operate = {"group:operators"}});
    auto stranger = host.sockets.connect(std::string{path}, {.pid = 9000, .uid = 1001, .gid = 2000, .groups = {3000}});
    auto member = host.sockets.connect(std::string{path}, {.pid = 9001, .uid = 1002, .gid = 2000, .groups = {70}});
    stranger.send("[\"stranger\"]");
    member.send("[\"member\"]");
    loop.run_ready();
    ASSERT_EQ(requests.texts(), (std::vector<std::string>{"[\"member\"]", "[\"stranger\"]"}));
    EXPECT_EQ(requests.asked.front().peer.role, ControlRole::operate);
    EXPECT_EQ(requests.asked.back().peer.groups, std::vector<gid_t>{3000});
}

TEST(ControlRolesOfUnknownPeersTest, UnknownCredentialsHaveNoRole) {
    mocks::FakeUsers users;
    auto roles = policies::ControlRoles::look_up({.operate = {"socket-group"}}, users).value();
    EXPECT_EQ(roles.role_of(Peer{}), ControlRole::none);
    auto open = policies::ControlRoles::look_up({.read = {"everyone"}}, users).value();
    EXPECT_EQ(open.role_of(Peer{}), ControlRole::read);
}

}  // namespace
}  // namespace servicekit
