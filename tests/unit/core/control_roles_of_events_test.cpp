#include <chrono>
#include <ostream>
#include <string>
#include <tuple>
#include <variant>

#include "servicekit/base/json.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A request, and the role that it needs.
struct Asked {
    const char* request;
    const char* event;
    ControlRole needs;
    friend std::ostream& operator<<(std::ostream& stream, const Asked& asked) { return stream << asked.request; }
};

constexpr Asked asked[]{
    {R"(["status"])", "status", ControlRole::read},
    {R"(["events"])", "events", ControlRole::read},
    {R"(["log-level"])", "log-level", ControlRole::read},
    {R"(["log-level",{"level":"debug"}])", "log-level", ControlRole::operate},
    {R"(["load"])", "load", ControlRole::operate},
    {R"(["reload"])", "reload", ControlRole::operate},
    {R"(["log-reopen"])", "log-reopen", ControlRole::operate},
    {R"(["log-flush"])", "log-flush", ControlRole::read},
    {R"(["backup"])", "backup", ControlRole::operate},
    {R"(["look"])", "look", ControlRole::read},
    {R"(["hello"])", "hello", ControlRole::none},
    {R"(["wipe"])", "wipe", ControlRole::admin},
    {R"(["stop"])", "stop", ControlRole::admin},
    {R"(["kill"])", "kill", ControlRole::admin},
};

/// A socket open to everyone. Its rules make 1001 a reader, 1002 an operator and 1003 an admin.
class ControlRolesOfEventsTest : public testing::ServiceTest {
protected:
    ControlRolesOfEventsTest() {
        hooks.on_load = [](Settings& settings) {
            settings.set(setting::control_mode, "666");
            settings.set(setting::control_read, {"user:1001"});
            settings.set(setting::control_operate, {"user:1002"});
            settings.set(setting::control_admin, {"user:1003"});
        };
        for (const auto& [name, needs] :
             std::vector<std::pair<std::string, std::optional<ControlRole>>>{{"backup", {}},
                                                                             {"look", ControlRole::read},
                                                                             {"hello", ControlRole::none},
                                                                             {"wipe", ControlRole::admin}})
            service().events().add(
                {.name = name, .handler = [](const Arguments&, Context&) { return Reply{}; }, .needs = needs});
    }

    void act_as(ControlRole role) {
        const uid_t uid = role == ControlRole::none ? 1000 : 1000 + static_cast<uid_t>(role);
        peer = {.pid = 50, .uid = uid, .gid = uid};
    }
    /// Returns the error code of the reply; empty if the reply is not an error.
    static std::string code_in(const std::string& line) {
        const Object error = error_in(line);
        return error.empty() ? std::string{} : error.find("code")->as_string();
    }
    /// Returns the error of the reply; an empty object if the reply is not an error.
    static Object error_in(const std::string& line) {
        const auto parsed = parse_json(line);
        const auto* error = std::get<Value>(parsed).as_object().find("error");
        return error != nullptr ? error->as_object() : Object{};
    }
    void finish() {
        raise(SIGTERM);
        EXPECT_EQ(run(), 0);
    }
};

class EachRoleTest : public ControlRolesOfEventsTest,
                     public ::testing::WithParamInterface<std::tuple<Asked, ControlRole>> {};

TEST_P(EachRoleTest, HasItsEventsAndNoOthers) {
    const auto& [request, role] = GetParam();
    act_as(role);
    ask(request.request);
    // After a permitted stop or kill the service has ended before this.
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);

    const std::string asker = "asked for by uid " + std::to_string(peer.uid);
    if (role >= request.needs) {
        for (const std::string& reply : replies) EXPECT_THAT(reply, Not(StartsWith(R"({"error")")));
        EXPECT_THAT(log(), Not(HasSubstr("refused")));
        return;
    }
    const Object error = error_in(replies.at(0));
    EXPECT_EQ(error.find("code")->as_string(), "not-allowed");
    EXPECT_EQ(error.find("event")->as_string(), request.event);
    EXPECT_EQ(error.find("needs")->as_string(), to_string(request.needs));
    EXPECT_THAT(log(), HasSubstr("refused to uid " + std::to_string(peer.uid) + ", pid 50: it needs the role '" +
                                 std::string{to_string(request.needs)} + "'"));
    EXPECT_THAT(log(), Not(HasSubstr(asker)));
}

INSTANTIATE_TEST_SUITE_P(All, EachRoleTest,
                         ::testing::Combine(::testing::ValuesIn(asked),
                                            ::testing::Values(ControlRole::none, ControlRole::read,
                                                              ControlRole::operate, ControlRole::admin)));

TEST_F(ControlRolesOfEventsTest, ARefusalNamesUserAndEvent) {
    act_as(ControlRole::operate);
    ask(R"(["stop"])");
    finish();

    EXPECT_EQ(replies.at(0), R"({"error":{"code":"not-allowed","message":"uid 1002 may not ask for 'stop': it needs )"
                             R"(the role 'admin'","event":"stop","needs":"admin"}})"
                             "\n");
}

TEST_F(ControlRolesOfEventsTest, WithoutTheRightToListEventsNoneIsRevealed) {
    act_as(ControlRole::none);
    ask(R"(["bakcup"])");
    ask(R"(["start"])");
    finish();

    for (const std::string& reply : replies) {
        EXPECT_EQ(error_in(reply).find("code")->as_string(), "not-allowed");
        EXPECT_FALSE(error_in(reply).contains("did-you-mean"));
    }
    EXPECT_THAT(log(), Not(HasSubstr("bakcup")));
}

TEST_F(ControlRolesOfEventsTest, WithTheRightToListEventsTheNearestIsNamed) {
    act_as(ControlRole::read);
    ask(R"(["bakcup"])");
    finish();

    EXPECT_EQ(error_in(replies.at(0)).find("did-you-mean")->as_string(), "backup");
}

TEST_F(ControlRolesOfEventsTest, EventsShowTheirRole) {
    act_as(ControlRole::read);
    ask(R"(["events"])");
    finish();

    EXPECT_THAT(replies.at(0), HasSubstr(R"("parameters":[],"needs":"admin"},{"name":"kill")"));
    EXPECT_THAT(replies.at(0), HasSubstr(R"({"name":"backup","description":"","parameters":[],"needs":"operate"})"));
}

TEST_F(ControlRolesOfEventsTest, AReplacedEventKeepsItsRoleByDefault) {
    service().events().replace({.name = "stop", .handler = [](const Arguments&, Context&) { return Reply{}; }});
    service().events().replace(
        {.name = "status", .handler = [](const Arguments&, Context&) { return Reply{}; }, .needs = ControlRole::none});
    act_as(ControlRole::operate);
    ask(R"(["stop"])");
    ask(R"(["status"])");
    finish();

    EXPECT_EQ(error_in(replies.at(0)).find("needs")->as_string(), "admin");
    EXPECT_THAT(replies.at(1), StartsWith(R"({"pid":)"));
}

TEST_F(ControlRolesOfEventsTest, AHandlerKnowsTheRoleOfItsPeer) {
    std::vector<ControlRole> roles;
    service().events().add({.name = "who", .handler = [&roles](const Arguments&, Context& context) {
                                roles.push_back(context.peer().role);
                                return Reply{};
                            }});
    act_as(ControlRole::admin);
    ask(R"(["who"])");
    then([this] { act_as(ControlRole::operate); });
    ask(R"(["who"])");
    then([this] { service().post("who"); });
    finish();

    EXPECT_EQ(roles, (std::vector{ControlRole::admin, ControlRole::operate, ControlRole::owner}));
}

TEST_F(ControlRolesOfEventsTest, RefusalsDoNotFillTheLog) {
    act_as(ControlRole::none);
    then([this] {
        auto client = host.sockets.connect(socket, peer);
        for (int i = 0; i < 50; ++i) client.ask(R"(["stop"])");
        host.reactor.advance(2s);
        client.ask(R"(["stop"])");
    });
    finish();

    std::size_t lines = 0;
    const std::string text = log();
    for (std::size_t at = 0; (at = text.find("refused", at)) != std::string::npos; ++at) ++lines;
    EXPECT_EQ(lines, 2U);
    EXPECT_THAT(text, HasSubstr("; 49 refusals before are not logged"));
}

TEST_F(ControlRolesOfEventsTest, ALargeForbiddenRequestIsNotParsed) {
    // A duplicate key is an error that is found only if the whole request is read.
    const std::string parameters = R"(,{"x":")" + std::string(5'000, 'x') + R"(","x":1}])";
    struct Case {
        ControlRole role;
        std::string event;
        std::string expected;
    };
    for (const Case& each :
         {Case{ControlRole::none, "status", "not-allowed"}, Case{ControlRole::read, "status", "bad-argument"},
          Case{ControlRole::read, "stop", "not-allowed"}, Case{ControlRole::none, "start", "not-allowed"},
          Case{ControlRole::none, "hello", "bad-argument"}}) {
        then([this, each] { act_as(each.role); });
        ask("[\"" + each.event + "\"" + parameters);
        then([this, each] { EXPECT_EQ(code_in(replies.back()), each.expected) << each.event; });
    }
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
}

}  // namespace
}  // namespace servicekit
