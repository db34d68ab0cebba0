#include "servicectl/servicectl.hpp"

#include "unit/servicectl/servicectl_fixture.hpp"

namespace servicekit::servicectl {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf, ::testing::ElementsAre, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

class ServicectlTest : public ServicectlFixture {};

TEST_F(ServicectlTest, RunsTheVerbForTheServiceWithTheName) {
    ScriptedService& web = serve("/run", "web");
    serve("/run", "db");

    EXPECT_EQ(run({"status", "web"}), 0);
    EXPECT_THAT(out(), HasSubstr("running"));
    EXPECT_EQ(web.requests.size(), 1U);
    EXPECT_EQ(run({"pid", "web"}), 0);
    EXPECT_THAT(out(), HasSubstr("7000\n"));
    EXPECT_EQ(run({"health", "web", "db"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("web: ready"), HasSubstr("db: ready")));
}

TEST_F(ServicectlTest, TakesThePathOfASocketOrPidfile) {
    add_directory("/srv/app", 0);
    serve("/srv/app", "app");

    EXPECT_EQ(run({"status", "/srv/app/app.control"}), 0);
    EXPECT_EQ(run({"pid", "/srv/app/app.pid"}), 0);
    EXPECT_EQ(run({"status", "/srv/app/none.pid"}), 4);
    EXPECT_THAT(error(), HasSubstr("there is no such file"));
}

TEST_F(ServicectlTest, RefusesAPathInADirectoryThatAllCanChange) {
    add_directory("/srv/open", 0, 0777);
    ScriptedService& app = serve("/srv/open", "app");

    EXPECT_EQ(run({"stop", "/srv/open/app.control"}), 77);
    EXPECT_THAT(error(), HasSubstr("several users can change '/srv/open'"));
    EXPECT_THAT(app.requests, IsEmpty());
}

TEST_F(ServicectlTest, AnUnknownNameHasNearOnes) {
    serve("/run", "greeter");

    EXPECT_EQ(run({"stop", "gretter"}), 7);
    EXPECT_THAT(error(), HasSubstr("did you mean 'greeter'?"));
    EXPECT_EQ(run({"status", "nothing"}), 4);
}

TEST_F(ServicectlTest, AServiceThatWasKilledIsNotRunning) {
    serve("/run", "web");
    kill_all();

    EXPECT_EQ(run({"status", "web"}), 1);
    EXPECT_THAT(out(), HasSubstr("it was killed and left '/run/web.pid', '/run/web.control'"));
    EXPECT_EQ(run({"events", "web"}), 7);
    EXPECT_THAT(error(), HasSubstr("it was killed and left '/run/web.pid'"));
}

TEST_F(ServicectlTest, ATimeoutIsExplained) {
    listen(
        "/run/busy.control",
        [](const std::string& request) -> std::string {
            return request.starts_with(R"(["status")") ? R"({"state":"running","busy":{"event":"backup","seconds":61}})"
                                                       : "";
        },
        0);
    EXPECT_EQ(run({"events", "busy"}), 75);
    EXPECT_THAT(error(), HasSubstr("busy: it has been busy with 'backup' for 1m 1s"));
    serve("/run", "hung", "");

    EXPECT_EQ(run({"status", "hung"}), 0);
    EXPECT_THAT(error(), HasSubstr("hung: it does not answer (pid 7000); 'servicectl kill hung' ends it"));
    EXPECT_EQ(run({"events", "hung"}), 75);
    EXPECT_THAT(error(), HasSubstr("hung: it does not answer (pid 7000); 'servicectl kill hung' ends it"));
}

TEST_F(ServicectlTest, AFailureMayBeThatOfANewerProtocol) {
    for (const auto& [name, status] :
         {std::pair{"new", R"({"protocol":2})"}, {"old", "{}"}, {"own", R"({"protocol":"udp"})"}}) {
        const auto reply = [status = std::string{status}](const std::string& request) {
            return request.starts_with(R"(["status")") ? status : R"({"error":{"code":"bad-argument","message":"no"}})";
        };
        listen("/run/" + std::string{name} + ".control", reply, 0);
    }
    EXPECT_EQ(run({"call", "old", "x"}), 1);
    EXPECT_EQ(run({"call", "own", "x"}), 1);
    EXPECT_THAT(error(), Not(HasSubstr("protocol")));
    EXPECT_EQ(run({"call", "new", "x"}), 1);
    EXPECT_THAT(error(), HasSubstr("new: it uses version 2 of the control protocol, and this servicectl knows "
                                   "version 1; install a newer servicectl\n"));
}

TEST_F(ServicectlTest, SeveralServicesOfOneNameAreAmbiguous) {
    add_directory("/run/one", 0);
    add_directory("/run/two", 0);
    serve("/run/one", "web");
    ScriptedService& second = serve("/run/two", "web");

    EXPECT_EQ(run({"stop", "web"}), 64);
    EXPECT_THAT(error(), AllOf(HasSubstr("/run/one/web.control"), HasSubstr("/run/two/web.control")));
    EXPECT_EQ(second.requests, std::vector<std::string>{R"(["status"])"});
}

TEST_F(ServicectlTest, OwnServicesAreMeantBeforeThoseOfOthers) {
    add_directory("/run/user/1000", alice, 0700);
    ScriptedService& hers = serve("/run/user/1000", "web", running, alice);
    ScriptedService& roots = serve("/run", "web");

    EXPECT_EQ(run({"events", "web"}), 0);
    EXPECT_EQ(roots.connections, 1);
    EXPECT_EQ(hers.connections, 0);
}

TEST_F(ServicectlTest, APatternThatChangesServicesNeedsAnAnswer) {
    ScriptedService& web = serve("/run", "web-1");

    EXPECT_EQ(run({"log-reopen", "web-*"}), 64);
    EXPECT_THAT(error(), AllOf(HasSubstr("web-1  /run/web-1.control"),
                               HasSubstr("cannot log-reopen 1 service: there is no terminal to ask on; use --yes\n")));
    EXPECT_THAT(web.requests, ElementsAre(R"(["status"])"));
    EXPECT_EQ(run({"log-reopen", "web-*", "--yes"}), 0);
    EXPECT_THAT(web.requests.back(), HasSubstr("log-reopen"));
}

TEST_F(ServicectlTest, APatternAsksOnATerminal) {
    ScriptedService& web = serve("/run", "web-1");
    host.streams.set_terminal(os::Stream::in, true);
    host.streams.set_terminal(os::Stream::error, true);
    host.streams.type_key('n');
    host.streams.type_key('y');

    EXPECT_EQ(run({"log-reopen", "web-*"}), 75);
    EXPECT_THAT(web.requests.back(), HasSubstr("status"));
    EXPECT_THAT(host.streams.prompts(), ElementsAre("log-reopen this service? [y/n] "));
    EXPECT_EQ(run({"log-reopen", "web-*"}), 0);
    EXPECT_THAT(web.requests.back(), HasSubstr("log-reopen"));
}

TEST_F(ServicectlTest, APatternOnlyShowsWithoutAQuestion) {
    serve("/run", "web-1");
    serve("/run", "web-2");

    EXPECT_EQ(run({"health", "web-*"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("web-1: ready"), HasSubstr("web-2: ready")));
}

TEST_F(ServicectlTest, APatternFailsIfAServiceCouldNotBeAsked) {
    host.process.set_descriptor_limit(26);
    for (const char* name : {"web-1", "web-2", "web-3", "web-4"}) serve("/run", name, "");

    EXPECT_EQ(run({"log-reopen", "web-*", "--yes"}), 75);
    EXPECT_THAT(error(), HasSubstr("could not be asked; name the services"));
}

TEST_F(ServicectlTest, APatternLeavesOutTheServicesOfOtherUsers) {
    add_directory("/run/user/1000", alice, 0700);
    ScriptedService& hers = serve("/run/user/1000", "web-1", running, alice);

    EXPECT_EQ(run({"log-reopen", "web-*", "--yes"}), 7);
    EXPECT_THAT(error(), HasSubstr("--all-users"));
    EXPECT_EQ(hers.connections, 0);
    EXPECT_EQ(run({"log-reopen", "web-*", "--yes", "--all-users"}), 0);
    EXPECT_THAT(hers.requests.back(), HasSubstr("log-reopen"));
}

TEST_F(ServicectlTest, RootBecomesTheUserOfAnotherUsersService) {
    add_directory("/run/user/1000", alice, 0700);
    ScriptedService& hers = serve("/run/user/1000", "web", running, alice);

    EXPECT_EQ(run({"events", "web"}), 0);
    EXPECT_EQ(host.users.current_user(), alice);
    EXPECT_EQ(hers.connections, 1);
}

TEST_F(ServicectlTest, RootDoesNotBecomeAUserWhoseNameIsTheNumberOfAnother) {
    host.users.add_user({.name = "1000", .uid = bob, .gid = bob});
    add_directory("/run/user/1000", alice, 0700);
    ScriptedService& hers = serve("/run/user/1000", "web", running, alice);

    EXPECT_EQ(run({"events", "web"}), 77);
    EXPECT_EQ(host.users.current_user(), 0U);
    EXPECT_EQ(hers.connections, 0);
}

TEST_F(ServicectlTest, EachServiceOfAnotherUserHasAProcessOfItsOwn) {
    add_directory("/run/user/1000", alice, 0700);
    ScriptedService& hers = serve("/run/user/1000", "web-1", running, alice);
    add_directory("/run/user/1001", bob, 0700);
    ScriptedService& his = serve("/run/user/1001", "web-2", running, bob);
    host.process.follow({mocks::FakeProcess::Side::parent});
    host.process.set_child_status(7 << 8);

    EXPECT_EQ(run({"log-reopen", "web-*", "--yes", "--all-users"}), 7);
    EXPECT_EQ(host.process.forks(), 1U);
    EXPECT_EQ(host.users.current_user(), bob);
    EXPECT_EQ(hers.requests.size(), 1U);
    EXPECT_EQ(his.requests.size(), 2U);
}

TEST_F(ServicectlTest, ALinkOfAnotherUserLeadsNowhereThatThisUserMayNotGo) {
    ScriptedService& important = serve("/run", "important");
    host.files.set_permissions("/run/important.control", 0600);
    add_directory("/run/user/1000", alice, 0700);
    host.files.add_link("/run/user/1000/fun.control", "/run/important.control");

    EXPECT_EQ(run({"stop", "fun"}), 77);
    EXPECT_THAT(error(), HasSubstr("it is a symbolic link"));
    EXPECT_THAT(important.requests, IsEmpty());
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(ServicectlTest, TheUserOfAServiceThatRootStartedCannotDirectAVerbAtAnother) {
    ScriptedService& important = serve("/run", "important");
    host.files.set_permissions("/run/important.control", 0600);
    add_directory("/srv/fun", alice);
    add_record("/run/servicekit", "/srv/fun", "fun");
    ScriptedService& fun = serve("/srv/fun", "fun", running, alice);
    EXPECT_EQ(run({"events", "fun"}), 0);
    EXPECT_EQ(host.users.current_user(), alice);
    EXPECT_EQ(fun.requests.size(), 1U);

    act_as(0);
    static_cast<void>(host.files.remove("/srv/fun/fun.control"));
    host.files.add_link("/srv/fun/fun.control", "/run/important.control");
    EXPECT_EQ(run({"stop", "fun"}), 77);
    EXPECT_THAT(error(), HasSubstr("it is a symbolic link"));
    EXPECT_THAT(important.requests, IsEmpty());
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(ServicectlTest, ALinkInTheDirectoryOfAUserWithoutANameIsRefused) {
    ScriptedService& important = serve("/run", "important");
    add_directory("/srv/fun", 4321);
    add_record("/run/servicekit", "/srv/fun", "fun");
    host.files.add_link("/srv/fun/fun.control", "/run/important.control");

    EXPECT_EQ(run({"stop", "/srv/fun/fun.control"}), 77);
    EXPECT_THAT(error(), HasSubstr("other users can change its directory"));
    EXPECT_THAT(important.requests, IsEmpty());
}

TEST_F(ServicectlTest, AUserCannotUseTheServiceOfAnother) {
    add_directory("/run/shop", bob);
    ScriptedService& shop = serve("/run/shop", "shop", running, bob);
    act_as(alice);

    EXPECT_EQ(run({"stop", "shop"}), 77);
    EXPECT_THAT(error(), HasSubstr("only bob and root may use it"));
    EXPECT_EQ(shop.connections, 0);
}

TEST_F(ServicectlTest, TheErrorNamesWhoMayConnect) {
    serve("/run", "web");
    host.files.set_permissions("/run/web.control", 0660);
    host.files.set_owner("/run/web.control", bob, 42);
    act_as(alice);

    EXPECT_EQ(run({"status", "web"}), 77);
    EXPECT_THAT(error(), HasSubstr("permission denied; root and bob and group 42 may"));
}

TEST_F(ServicectlTest, WaitsForTheLockOfAnyFile) {
    host.processes.add(4242);
    host.locks.lock_by("/run/any.lock", {.pid = 4242, .uid = 0});

    EXPECT_EQ(run({"wait", "/run/any.lock", "-t"}), 1);
    EXPECT_THAT(out(), HasSubstr("'/run/any.lock' is held by pid 4242"));
    mocks::FakeEventLoop loop{host.reactor};
    const auto timer = loop.timer();
    timer->start(10s, [this] { host.process_died(4242); });
    EXPECT_EQ(run({"wait", "/run/any.lock"}), 0);
    EXPECT_EQ(run({"wait", "/run/any.lock", "-t"}), 0);
    EXPECT_EQ(run({"wait", "/run/missing", "-t"}), 0);
    EXPECT_FALSE(host.locks.holder("/run/any.lock"));
}

TEST_F(ServicectlTest, RunsOnAnotherHostBySsh) {
    EXPECT_THROW(run({"-H", "example.org", "stop", "web 1", "--yes"}), os::ProcessExited);
    EXPECT_THAT(host.process.executed(), ElementsAre("ssh", "--", "example.org", "servicectl 'stop' 'web 1' '--yes'"));
}

TEST_F(ServicectlTest, PrintsOneDocumentForEachService) {
    serve("/run", "web");

    serve("/run", "shop");

    EXPECT_EQ(run({"pid", "web", "shop", "--json"}), 0);
    EXPECT_EQ(out(), "{\"pid\":7000}\n{\"pid\":7000}\n");
    EXPECT_EQ(run({"stop", "other", "--json"}), 7);
    EXPECT_THAT(out(), HasSubstr(R"({"error":{"code":)"));
}

}  // namespace
}  // namespace servicekit::servicectl
