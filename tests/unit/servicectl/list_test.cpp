#include "servicectl/list.hpp"

#include <cerrno>

#include "servicekit/base/json.hpp"
#include "unit/servicectl/servicectl_fixture.hpp"
#include "unit/servicectl/slow_sockets.hpp"

namespace servicekit::servicectl {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf, ::testing::ElementsAre, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

class ServicectlListTest : public ServicectlFixture {
protected:
    /// Returns the services in the printed JSON.
    [[nodiscard]] Value::List listed() {
        EXPECT_EQ(run({"list", "--json"}), 0);
        const auto parsed = parse_json(out());
        return std::get<Value>(parsed).as_object().get<Value::List>("services");
    }
    [[nodiscard]] std::vector<std::string> states() {
        std::vector<std::string> found;
        for (const Value& service : listed())
            found.push_back(service.as_object().get<std::string>("name") + " " +
                            service.as_object().get<std::string>("state"));
        return found;
    }
    [[nodiscard]] std::chrono::milliseconds time_of(const std::function<void()>& action) {
        const auto begin = host.clock.steady_now();
        action();
        return std::chrono::duration_cast<std::chrono::milliseconds>(host.clock.steady_now() - begin);
    }
};

TEST_F(ServicectlListTest, ShowsWhatTheServiceAndTheSystemReport) {
    host.processes.set_usage({.memory = 5 << 20, .cpu = 1500ms});
    serve(
        "/run", "web",
        R"({"uptime":90061,"version":"1.2","state":"running","busy":{"event":"backup","seconds":61},"role":"leader"})");

    EXPECT_EQ(run({"list"}), 0);
    EXPECT_EQ(out(),
              "NAME  STATE    ROLE    PID   USER  UPTIME  VERSION  BUSY          MEMORY   CPU    HEALTH\n"
              "web   running  leader  7000  root  1d 1h   1.2      backup 1m 1s  5.0 MiB  1.5 s  ready\n");
}

TEST_F(ServicectlListTest, AServiceThatStandsByIsNeitherReadyNorNotReady) {
    serve("/run", "store", R"({"uptime":5,"state":"standby","role":"standby"})");
    EXPECT_EQ(listed().front().as_object().get<std::string>("health"), "standby");
    EXPECT_EQ(run({"list"}), 0);
    EXPECT_THAT(out(), HasSubstr("store  standby  standby  "));
}

TEST_F(ServicectlListTest, AServiceWhoseCriticalCheckFailsIsNotReady) {
    const std::string checks = R"("checks":[{"name":"disk","result":"failed","reason":"full","critical":)";
    serve("/run", "mail", R"({"state":"running",)" + checks + "true}]}");
    serve("/run", "news", R"({"state":"running",)" + checks + "false}]}");
    serve("/run", "odd", R"({"uptime":1})");

    std::vector<std::string> health;
    for (const Value& service : listed()) health.push_back(service.as_object().get<std::string>("health"));
    EXPECT_THAT(health, ElementsAre("not ready", "ready", "not ready"));
}

TEST_F(ServicectlListTest, FindsServicesInAllDefaultPlaces) {
    serve("/run", "one");
    add_directory("/run/two", bob);
    serve("/run/two", "two", running, bob);
    add_directory("/run/user/1000", alice, 0700);
    serve("/run/user/1000", "three", running, alice);
    add_directory("/run/user/1000/four", alice);
    serve("/run/user/1000/four", "four", running, alice);
    add_directory("/tmp/servicekit-1001", bob, 0700);
    serve("/tmp/servicekit-1001", "five", running, bob);

    EXPECT_THAT(states(), ElementsAre("five running", "four running", "one running", "three running", "two running"));
}

TEST_F(ServicectlListTest, FindsAServiceInAnyPlaceByItsRecord) {
    add_directory("/srv/app", 0);
    serve("/srv/app", "app");
    add_record("/run/servicekit", "/srv/app", "app");

    EXPECT_THAT(states(), ElementsAre("app running"));
}

TEST_F(ServicectlListTest, HungServicesAreNotWaitedFor) {
    serve("/run", "fast");
    for (const char* const name : {"slow-1", "slow-2", "slow-3"}) serve("/run", name, "");

    const auto time = time_of(
        [this] { EXPECT_THAT(states(), ElementsAre("fast running", "slow-1 hung", "slow-2 hung", "slow-3 hung")); });
    EXPECT_LE(time, 500ms);
}

TEST_F(ServicectlListTest, OtherUsersCannotUseUpTheTimeWithWhatTheySend) {
    add_directory("/run/user/1000", alice, 0700);
    for (int i = 0; i < 100; ++i) serve("/run/user/1000", "fun-" + std::to_string(i), running, alice);
    serve("/run", "web");
    SlowSockets sockets{host, 20ms};
    // The loop comes to it only when the time is over.
    sockets.hide_replies("/run/web.control", 400ms);
    tools.host.sockets = &sockets;

    const auto time = time_of([this] { EXPECT_EQ(run({"list"}), 0); });
    EXPECT_LE(time, 500ms + 2 * 20ms);
    EXPECT_THAT(out(), AllOf(HasSubstr("web     running"), HasSubstr("hung")));
}

TEST_F(ServicectlListTest, WaitsAsLongAsItIsAskedTo) {
    serve("/run", "slow", "");

    EXPECT_EQ(time_of([this] { EXPECT_EQ(run({"list", "--timeout", "3"}), 0); }), 3s);
    EXPECT_EQ(run({"list", "--timeout", "soon"}), 64);
}

TEST_F(ServicectlListTest, AFullQueueOfClientsIsNotWaitedFor) {
    serve("/run", "full");
    host.sockets.set_backlog(0);

    EXPECT_LE(time_of([this] { EXPECT_THAT(states(), ElementsAre("full hung")); }), 500ms);
    EXPECT_THAT(out(), HasSubstr(R"("pid":7000)"));
}

TEST_F(ServicectlListTest, AllAreAskedEvenWithFewDescriptors) {
    host.process.set_descriptor_limit(26);
    for (int i = 0; i < 10; ++i) serve("/run", "web-" + std::to_string(i));

    EXPECT_EQ(listed().size(), 10U);
    EXPECT_THAT(out(), Not(HasSubstr("not asked")));
}

TEST_F(ServicectlListTest, AKilledServiceIsShownAsDead) {
    serve("/run", "web");
    kill_all();

    EXPECT_THAT(states(), ElementsAre("web dead"));
}

TEST_F(ServicectlListTest, AServiceThatHasStoppedIsShownOnRequest) {
    add_record("/run/servicekit", "/run", "web");
    host.files.add_file("/run/web.pid");

    EXPECT_EQ(run({"list"}), 0);
    EXPECT_THAT(out(), HasSubstr("no services run"));
    EXPECT_EQ(run({"list", "--all"}), 0);
    EXPECT_THAT(out(), HasSubstr("web   stopped"));
}

TEST_F(ServicectlListTest, ALockWithoutASocketIsARunningService) {
    add_record("/run/servicekit", "/run", "web");
    host.processes.add(4242);
    host.locks.lock_by("/run/web.pid", {.pid = 4242, .uid = 0});

    EXPECT_THAT(states(), ElementsAre("web no socket"));
    EXPECT_THAT(out(), HasSubstr(R"("pid":4242)"));
}

TEST_F(ServicectlListTest, ASocketOfTheServiceManagerIsNotConnectedTo) {
    host.sockets.listen_for_service("/run/web.control");
    host.files.add_file("/run/web.pid");
    host.sockets.failures().fail_next("try_connect", EIO);

    EXPECT_THAT(states(), ElementsAre("web on demand"));
}

TEST_F(ServicectlListTest, SocketsOfOtherProgramsAreLeftOut) {
    listen("/run/gadget.control", "", 0);
    listen("/run/not a name.control", running, 0);

    EXPECT_THAT(states(), IsEmpty());
}

TEST_F(ServicectlListTest, RootFollowsNoLinkOfAnotherUser) {
    ScriptedService& important = serve("/run", "important");
    add_directory("/run/user/1000", alice, 0700);
    host.files.add_link("/run/user/1000/fun.control", "/run/important.control");
    host.files.add_file("/run/user/1000/fun.pid", "1\n");

    EXPECT_THAT(states(), ElementsAre("important running"));
    EXPECT_EQ(important.connections, 1);
}

TEST_F(ServicectlListTest, AServerThatDoesNotOwnThePlaceIsNotAsked) {
    add_directory("/run/user/1000", alice, 0700);
    ScriptedService& false_one = serve("/run/user/1000", "fun", running, 0);

    EXPECT_THAT(states(), IsEmpty());
    EXPECT_THAT(false_one.requests, IsEmpty());
}

TEST_F(ServicectlListTest, RootReadsNoRecordOfAnotherUser) {
    add_directory("/srv/secret", 0);
    ScriptedService& secret = serve("/srv/secret", "secret");
    add_directory("/run/user/1000", alice, 0700);
    add_record("/run/user/1000/servicekit", "/srv/secret", "secret", alice);

    EXPECT_THAT(states(), IsEmpty());
    EXPECT_EQ(secret.connections, 0);
}

TEST_F(ServicectlListTest, ADirectoryThatAllCanChangeHasNoServices) {
    add_directory("/run/open", 0, 0777);
    serve("/run/open", "web");

    EXPECT_THAT(states(), IsEmpty());
}

TEST_F(ServicectlListTest, AnotherUserCannotFillTheList) {
    add_directory("/run/user/1000", alice, 0700);
    for (int i = 0; i < 300; ++i) {
        const std::string base = "/run/user/1000/fun-" + std::to_string(i);
        host.files.add_file(base + ".control");
        host.files.add_file(base + ".pid");
    }
    serve("/run", "web");

    EXPECT_EQ(listed().size(), 257U);
    EXPECT_THAT(out(), HasSubstr(R"("name":"web")"));
}

TEST_F(ServicectlListTest, RepliesCannotControlTheTerminal) {
    host.streams.set_terminal(os::Stream::out, true);
    serve("/run", "web", R"({"state":"run\u001b[2Jning","version":"1\n2\u009b"})");

    EXPECT_EQ(run({"list"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr(R"(run\x1b[2Jning)"), HasSubstr(R"(1\n2\u009b)"), Not(HasSubstr("\x1b"))));
}

TEST_F(ServicectlListTest, AReplyWithoutEndIsNotReadToItsEnd) {
    serve("/run", "web", "");
    services.pop_back();
    services.push_back(std::make_unique<ScriptedService>(host, "/run/web.control", [](const std::string&) {
        return std::vector<ScriptedService::Piece>(50, {.text = std::string(50'000, '['), .after = 1ms});
    }));

    EXPECT_THAT(states(), ElementsAre("web too long"));
}

TEST_F(ServicectlListTest, ALongStatusIsReadOnlyFromServicesOfRootAndTheCaller) {
    const std::string status = R"({"state":"running","text":")" + std::string(std::size_t{20} << 10U, 'x') + "\"}";
    add_directory("/run/user/1000", alice, 0700);
    serve("/run/user/1000", "alices", status, alice);
    serve("/run", "roots", status);

    EXPECT_THAT(states(), ElementsAre("alices too long", "roots running"));
    EXPECT_THAT(out(), HasSubstr(R"("reason":"its reply is not shown, because it is longer than 16384 bytes")"));
}

TEST_F(ServicectlListTest, AUserSeesTheServicesOfOthersThatItMayAsk) {
    add_directory("/run/shop", bob);
    serve("/run/shop", "shop", running, bob);
    add_directory("/run/closed", bob, 0700);
    serve("/run/closed", "closed", running, bob);
    act_as(alice);

    EXPECT_THAT(states(), ElementsAre("shop running"));
    EXPECT_THAT(out(), HasSubstr(R"("user":"bob")"));
}

TEST_F(ServicectlListTest, AServiceThatThisUserMayNotAskIsShown) {
    serve("/run", "web");
    host.files.set_permissions("/run/web.control", 0600);
    act_as(alice);

    EXPECT_THAT(states(), ElementsAre("web no access"));
}

TEST_F(ServicectlListTest, APatternSelects) {
    serve("/run", "web-1");
    serve("/run", "db");

    EXPECT_EQ(run({"list", "web-*"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("web-1"), Not(HasSubstr("db"))));
}

TEST_F(ServicectlListTest, APatternLeavesOutOtherUsersUnlessTheCallerWantsThem) {
    add_directory("/run/user/1001", bob, 0755);
    serve("/run/user/1001", "bobs", running, bob);
    EXPECT_EQ(run({"list", "b*"}), 0);
    EXPECT_THAT(out(), HasSubstr("no services run; --all-users includes those of other users"));
    EXPECT_EQ(run({"list", "b*", "--all-users"}), 0);
    EXPECT_THAT(out(), HasSubstr("bobs"));
}

}  // namespace
}  // namespace servicekit::servicectl
