#include "base/peer_rule.hpp"

#include <gtest/gtest.h>

#include "servicekit/base/control_role.hpp"

namespace servicekit {
namespace {

using Kind = PeerRule::Kind;

TEST(PeerRuleTest, NamesAUserAGroupOrEveryone) {
    EXPECT_EQ(parse_peer_rule("user:backup")->kind, Kind::user);
    EXPECT_EQ(parse_peer_rule("user:backup")->name, "backup");
    EXPECT_EQ(parse_peer_rule("group:1000")->kind, Kind::group);
    EXPECT_EQ(parse_peer_rule("group:1000")->name, "1000");
    EXPECT_EQ(parse_peer_rule("socket-group")->kind, Kind::socket_group);
    EXPECT_EQ(parse_peer_rule("everyone")->kind, Kind::everyone);
}

TEST(PeerRuleTest, RejectsAnyOtherText) {
    for (const std::string_view text :
         {"", "backup", "user:", "group:", ":backup", "users:backup", "User:backup", "everyone ", "socket-group:x"})
        EXPECT_FALSE(parse_peer_rule(text)) << text;
    EXPECT_FALSE(parse_peer_rule(std::string_view{"user:a\0b", 8}));
}

TEST(ControlRoleTest, RolesAreOrderedAndNamed) {
    EXPECT_LT(ControlRole::none, ControlRole::read);
    EXPECT_LT(ControlRole::read, ControlRole::operate);
    EXPECT_LT(ControlRole::operate, ControlRole::admin);
    EXPECT_EQ(to_string(ControlRole::none), "none");
    EXPECT_EQ(to_string(ControlRole::read), "read");
    EXPECT_EQ(to_string(ControlRole::operate), "operate");
    EXPECT_EQ(to_string(ControlRole::admin), "admin");
}

}  // namespace
}  // namespace servicekit
