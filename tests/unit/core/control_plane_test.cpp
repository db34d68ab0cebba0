#include "core/control_plane.hpp"

#include <stdexcept>
#include <variant>

#include "core/log_router.hpp"
#include "core/setting_table.hpp"
#include "servicekit/base/json.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ControlPlaneTest : public testing::ServiceTest {
protected:
    /// Logs as many lines as do not wait within the delay.
    void log_prompt_lines() {
        for (int line = 0; line < 16; ++line) service().log().info("prompt");
    }
    /// Returns the reply to a client that sends a request while a handler runs.
    std::string ask_meanwhile(const std::string& request) {
        auto client = host.sockets.connect(socket, peer);
        return client.ask(request);
    }

    /// Parses the reply as an object.
    static Object object(const std::string& line) {
        const auto parsed = parse_json(line);
        EXPECT_TRUE(std::holds_alternative<Value>(parsed)) << line;
        return std::get<Value>(parsed).as_object();
    }
    static Object error(const std::string& line) { return object(line).find("error")->as_object(); }
    static std::string code(const std::string& line) { return error(line).find("code")->as_string(); }

    void finish() {
        raise(SIGTERM);
        EXPECT_EQ(run(), 0);
    }
};

TEST_F(ControlPlaneTest, StatusBeginsWithPidSocketAndUptime) {
    then([this] { host.reactor.advance(12'500ms); });
    ask(R"(["status"])");
    finish();

    EXPECT_THAT(replies.at(0), StartsWith(R"({"pid":4711,"control-socket":"/run/trial.control","uptime":12,)"
                                          R"("name":"trial","version":"1.0","state":"running","started-at":")"));
}

TEST_F(ControlPlaneTest, StatusAddsWhatTheServiceAdds) {
    hooks.on_status = [](Reply& reply) { reply.set("connections", 3); };
    ask(R"(["status"])");
    finish();

    EXPECT_EQ(object(replies.at(0)).find("connections")->as_integer(), 3);
    EXPECT_FALSE(object(replies.at(0)).contains("as-of"));
}

TEST_F(ControlPlaneTest, OneOnStatusServesAllRequestsBeforeItBegins) {
    int runs = 0;
    hooks.on_status = [&runs](Reply& reply) { reply.set("runs", ++runs); };
    std::vector<mocks::FakeClient> clients;
    const auto ask_three_times = [&] {
        for (int client = 0; client < 3; ++client) {
            clients.push_back(host.sockets.connect(socket, peer));
            clients.back().send(R"(["status"])");
        }
    };
    then(ask_three_times);
    then([&] {
        for (auto& client : clients) EXPECT_THAT(client.receive(), HasSubstr(R"("runs":1)"));
        clients.clear();
        ask_three_times();
    });
    then([&] {
        for (auto& client : clients) EXPECT_THAT(client.receive(), HasSubstr(R"("runs":2)"));
    });
    finish();

    EXPECT_EQ(runs, 2);
}

TEST_F(ControlPlaneTest, AReplacedStatusAnswersEachRequestSeparately) {
    int runs = 0;
    service().events().replace({.name = "status", .handler = [&runs](const Arguments&, Context&) {
                                    return Reply{{"runs", ++runs}};
                                }});
    std::vector<mocks::FakeClient> clients;
    then([&] {
        for (int client = 0; client < 3; ++client) {
            clients.push_back(host.sockets.connect(socket, peer));
            clients.back().send(R"(["status"])");
        }
    });
    finish();

    EXPECT_EQ(runs, 3);
}

TEST_F(ControlPlaneTest, EventsListsTheCurrentEvents) {
    ask(R"(["events"])");
    then([this] { add("backup", [](Context&) { return Reply{}; }); });
    ask(R"(["events"])");
    then([this] { service().events().remove("backup"); });
    ask(R"(["events"])");
    finish();

    EXPECT_THAT(replies.at(0), Not(HasSubstr("backup")));
    EXPECT_THAT(replies.at(1), HasSubstr(R"("name":"backup")"));
    EXPECT_EQ(replies.at(2), replies.at(0));
}

TEST_F(ControlPlaneTest, StatusNeverWaitsForARunningEvent) {
    hooks.on_status = [](Reply& reply) { reply.set("connections", 3); };
    std::string meanwhile;
    add("slow", [&](Context&) {
        host.reactor.advance(7s);
        meanwhile = ask_meanwhile(R"(["status"])");
        return Reply{};
    });
    ask(R"(["status"])");
    ask(R"(["slow"])");
    finish();

    const Object status = object(meanwhile);
    EXPECT_EQ(to_json(*status.find("busy")), R"({"event":"slow","seconds":7})");
    EXPECT_EQ(status.find("connections")->as_integer(), 3);
    EXPECT_TRUE(status.contains("as-of"));
}

TEST_F(ControlPlaneTest, AnOnStatusThatHangsIsLeftOutAfterASecond) {
    std::string meanwhile;
    hooks.on_status = [&](Reply&) {
        host.reactor.advance(3s);
        meanwhile = ask_meanwhile(R"(["status"])");
    };
    ask(R"(["status"])");
    finish();

    EXPECT_THAT(replies.at(0), StartsWith(R"({"pid":4711)"));
    EXPECT_THAT(meanwhile, StartsWith(R"({"pid":4711)"));
}

TEST_F(ControlPlaneTest, AnOnStatusThatThrowsIsAnErrorReply) {
    hooks.on_status = [](Reply&) { throw std::runtime_error("no statistics"); };
    ask(R"(["status"])");
    finish();

    EXPECT_EQ(code(replies.at(0)), "event-error");
}

TEST_F(ControlPlaneTest, StopAnswersAtOnceAndThenStops) {
    ask(R"(["stop"])");

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(receive(), "{\"result\":\"stop-initiated\"}\n");
    expect_all_released();
}

TEST_F(ControlPlaneTest, AStopWhileAHandlerHangsEndsAsAKillAtTheTimeout) {
    bool stopped = false;
    hooks.on_stop = [&] { stopped = true; };
    std::string answer;
    add("hang", [&](Context& context) {
        answer = ask_meanwhile(R"(["stop"])");
        EXPECT_TRUE(context.stop_token().stop_requested());
        host.reactor.advance(9s);
        return Reply{};
    });
    ask(R"(["hang"])");

    run();

    EXPECT_EQ(answer, "{\"result\":\"stop-initiated\"}\n");
    EXPECT_EQ(host.process.exit_status(), 70);
    EXPECT_THAT(log(), HasSubstr("on_stop is skipped: 'hang' still runs"));
}

TEST_F(ControlPlaneTest, AKillWhileAHandlerHangsIsImmediate) {
    bool killed = false;
    hooks.on_kill = [&] { killed = true; };
    add("hang", [&](Context&) {
        ask_meanwhile(R"(["kill"])");
        return Reply{};
    });
    ask(R"(["hang"])");

    run();

    EXPECT_EQ(host.process.exit_status(), 0);
    EXPECT_FALSE(killed);
    EXPECT_EQ(host.files.content(pid_file), "");
    EXPECT_FALSE(host.files.exists(socket));
}

TEST_F(ControlPlaneTest, QueuedEventsAreRefusedAtAStop) {
    auto waiting = std::make_shared<std::optional<mocks::FakeClient>>();
    add("slow", [&, waiting](Context&) {
        waiting->emplace(host.sockets.connect(socket, peer));
        (*waiting)->send(R"(["slow"])");
        host.reactor.run_ready();
        host.signals.raise(SIGTERM);
        host.reactor.run_ready();
        return Reply{};
    });
    ask(R"(["slow"])");

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(code((*waiting)->receive()), "not-ready");
}

TEST_F(ControlPlaneTest, APendingStatusAtAStopIsAnsweredWithoutOnStatus) {
    hooks.on_status = [](Reply& reply) { reply.set("connections", 3); };
    std::optional<mocks::FakeClient> asking;
    then([&] {
        asking.emplace(host.sockets.connect(socket, peer));
        asking->send(R"(["status"])");
        host.sockets.connect(socket, peer).send(R"(["stop"])");
    });

    EXPECT_EQ(run(), 0);
    const Object status = object(asking->receive());
    ASSERT_FALSE(status.contains("error"));
    EXPECT_EQ(*status.find("state"), Value{"stopping"});
    EXPECT_FALSE(status.contains("connections"));
}

TEST_F(ControlPlaneTest, AnUnknownEventIsReportedWithTheNearestName) {
    ask(R"(["statsu"])");
    finish();

    EXPECT_EQ(code(replies.at(0)), "event-not-found");
    EXPECT_EQ(error(replies.at(0)).find("did-you-mean")->as_string(), "status");
}

TEST_F(ControlPlaneTest, ClientsCannotTriggerStart) {
    ask(R"(["start"])");
    ask(R"(["events"])");
    finish();

    EXPECT_EQ(code(replies.at(0)), "event-not-found");
    EXPECT_THAT(replies.at(1), Not(HasSubstr(R"("name":"start")")));
    EXPECT_THAT(replies.at(1), HasSubstr(R"("name":"reload")"));
}

TEST_F(ControlPlaneTest, EventsAreListedWithTheLimitsAndSecrecyOfTheirParameters) {
    service().events().add(
        {.name = "login",
         .parameters = {{.name = "port", .type = ParameterType::integer, .minimum = 1, .maximum = 65535},
                        {.name = "ratio", .type = ParameterType::number, .minimum = 0.5},
                        {.name = "password", .secret = true}},
         .handler = [](const Arguments&, Context&) { return Reply{}; }});
    ask(R"(["events"])");
    finish();

    EXPECT_THAT(replies.at(0), HasSubstr(R"("description":"","minimum":1,"maximum":65535})"));
    EXPECT_THAT(replies.at(0), HasSubstr(R"("description":"","minimum":0.5})"));
    EXPECT_THAT(replies.at(0), HasSubstr(R"("description":"","secret":true}],"needs":"operate"})"));
}

TEST_F(ControlPlaneTest, ArgumentsAreCheckedBeforeTheHandlerRuns) {
    bool ran = false;
    service().events().add({.name = "backup",
                            .parameters = {{.name = "directory", .type = ParameterType::path}},
                            .handler = [&](const Arguments&, Context&) {
                                ran = true;
                                return Reply{};
                            }});
    ask(R"(["backup", {"directory": 7}])");
    ask(R"(["backup", {"directory": "/b", "colour": 1}])");
    finish();

    EXPECT_FALSE(ran);
    EXPECT_EQ(code(replies.at(0)), "bad-argument");
    EXPECT_EQ(error(replies.at(1)).find("argument")->as_string(), "colour");
}

TEST_F(ControlPlaneTest, AClientMayRequestTurnMessages) {
    std::optional<mocks::FakeClient> between;
    std::optional<mocks::FakeClient> waiting;
    std::string while_slow;
    std::string while_between;
    add("slow", [&](Context&) {
        between.emplace(host.sockets.connect(socket, peer));
        between->send(R"(["between"])");
        host.reactor.advance(1ms);
        waiting.emplace(host.sockets.connect(socket, peer));
        while_slow = waiting->ask(R"(["note", {}, {"queue": true}])");
        return Reply{};
    });
    add("between", [&](Context&) {
        host.reactor.advance(1ms);
        while_between = waiting->receive();
        return Reply{};
    });
    add("note", [](Context&) { return Reply{{"kept", true}}; });
    ask(R"(["slow"])");
    std::string rest;
    then([&] { rest = waiting->receive(); });
    ask(R"(["note", {}, {"queue": true}])");
    ask(R"(["note"])");
    ask(R"(["note", {}, {"queue": 1}])");
    finish();

    EXPECT_EQ(while_slow, "{\"progress\":{\"state\":\"queued\",\"id\":3,\"running\":\"slow\"}}\n");
    EXPECT_EQ(while_between, "{\"progress\":{\"state\":\"queued\",\"id\":3,\"running\":\"between\"}}\n");
    EXPECT_EQ(rest, "{\"progress\":{\"state\":\"running\",\"id\":3}}\n{\"kept\":true}\n");
    EXPECT_EQ(replies.at(1),
              "{\"progress\":{\"state\":\"queued\",\"id\":4}}\n{\"progress\":{\"state\":\"running\",\"id\":4}}\n"
              "{\"kept\":true}\n");
    EXPECT_EQ(replies.at(2), "{\"kept\":true}\n");
    EXPECT_EQ(code(replies.at(3)), "bad-argument");
}

TEST_F(ControlPlaneTest, NoTurnMessageIsDroppedForAClientThatIsSlowToRead) {
    host.sockets.set_buffer_size(10);
    std::optional<mocks::FakeClient> waiting;
    add("slow", [&](Context&) {
        waiting.emplace(host.sockets.connect(socket, peer));
        waiting->send(R"(["note", {}, {"queue": true}])");
        host.reactor.advance(1ms);
        return Reply{};
    });
    add("note", [](Context&) { return Reply{}; });
    ask(R"(["slow"])");
    std::string rest;
    then([&] { rest = waiting->receive_all(); });
    finish();

    EXPECT_EQ(rest,
              "{\"progress\":{\"state\":\"queued\",\"id\":2,\"running\":\"slow\"}}\n"
              "{\"progress\":{\"state\":\"running\",\"id\":2}}\n{}\n");
}

TEST_F(ControlPlaneTest, ProgressGoesToClientsThatRequestIt) {
    add("copy", [](Context& context) {
        context.progress(1, 2, "a");
        context.progress(2, 2);
        return Reply{{"files", 2}};
    });
    ask(R"(["copy", {}, {"progress": true}])");
    ask(R"(["copy"])");
    finish();

    EXPECT_EQ(replies.at(0),
              "{\"progress\":{\"done\":1,\"total\":2,\"message\":\"a\"}}\n"
              "{\"progress\":{\"done\":2,\"total\":2}}\n"
              "{\"files\":2}\n");
    EXPECT_EQ(replies.at(1), "{\"files\":2}\n");
}

TEST_F(ControlPlaneTest, ATimeoutRepliesWhileTheEventGoesOn) {
    std::string answer;
    bool finished = false;
    auto client = std::make_shared<std::optional<mocks::FakeClient>>();
    add("slow", [&, client](Context&) {
        host.reactor.advance(3s);
        answer = (*client)->receive();
        finished = true;
        return Reply{};
    });
    then([&, client] {
        client->emplace(host.sockets.connect(socket, peer));
        (*client)->send(R"(["slow", {}, {"timeout": 2}])");
    });
    finish();

    EXPECT_EQ(code(answer), "timeout");
    EXPECT_TRUE(finished);
    EXPECT_EQ((*client)->receive(), "");
}

TEST_F(ControlPlaneTest, ATimeoutRemovesAQueuedEvent) {
    int runs = 0;
    std::string answer;
    add("once", [&](Context&) {
        ++runs;
        auto client = host.sockets.connect(socket, peer);
        client.send(R"(["once", {}, {"timeout": 2}])");
        host.reactor.advance(3s);
        answer = client.receive();
        return Reply{};
    });
    ask(R"(["once"])");
    finish();

    EXPECT_EQ(code(answer), "timeout");
    EXPECT_EQ(runs, 1);
}

TEST_F(ControlPlaneTest, LogLevelShowsAndSetsTheLevel) {
    ask(R"(["log-level"])");
    ask(R"(["log-level", {"level": "debug"}])");
    ask(R"(["log-level", {"level": "loud"}])");
    then([this] { EXPECT_EQ(service().log().level(), LogLevel::debug); });
    finish();

    EXPECT_EQ(replies.at(0), "{\"level\":\"info\"}\n");
    EXPECT_EQ(replies.at(1), "{\"level\":\"debug\"}\n");
    EXPECT_EQ(code(replies.at(2)), "bad-argument");
}

TEST_F(ControlPlaneTest, LogLevelCanBeSetForOneChannel) {
    ask(R"(["log-level", {"level": "debug", "channel": "disk"}])");
    then([this] {
        service().log().channel("disk").debug("seen");
        service().log().debug("unseen");
        EXPECT_THAT(log(), HasSubstr("debug trial[4711]: seen channel=disk"));
        EXPECT_THAT(log(), Not(HasSubstr("unseen")));
    });
    ask(R"(["log-level"])");
    ask(R"(["log-level", {"level": "inherit", "channel": "disk"}])");
    ask(R"(["log-level"])");
    ask(R"(["log-level", {"level": "inherit"}])");
    ask(R"(["log-level", {"level": "info", "channel": "a b"}])");
    finish();

    EXPECT_EQ(replies.at(0), "{\"channel\":\"disk\",\"level\":\"debug\"}\n");
    EXPECT_EQ(replies.at(1), "{\"level\":\"info\",\"channels\":{\"disk\":\"debug\"}}\n");
    EXPECT_EQ(replies.at(2), "{\"channel\":\"disk\",\"level\":\"info\"}\n");
    EXPECT_EQ(replies.at(3), "{\"level\":\"info\"}\n");
    EXPECT_EQ(code(replies.at(4)), "bad-argument");
    EXPECT_EQ(code(replies.at(5)), "bad-argument");
}

TEST_F(ControlPlaneTest, LogReopenFollowsAMovedLog) {
    then([this] { host.files.move_away(log_file, "/var/log/trial.log.1"); });
    ask(R"(["log-reopen"])");
    then([this] {
        service().log().info("fresh");
        EXPECT_THAT(log(), HasSubstr("fresh"));
    });
    finish();

    EXPECT_EQ(replies.at(0), "{}\n");
}

TEST_F(ControlPlaneTest, LogFlushWritesOnlyDelayedLines) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::log_delay, 60s); };
    then([this] {
        log_prompt_lines();
        service().log().info("waits");
        EXPECT_THAT(log(), Not(HasSubstr("waits")));
    });
    ask(R"(["log-flush"])");
    then([this] {
        EXPECT_THAT(log(), HasSubstr("waits"));
        EXPECT_THAT(log(), Not(HasSubstr("log-flush")));
    });
    finish();

    EXPECT_EQ(replies.at(0), "{}\n");
}

TEST_F(ControlPlaneTest, AHandlerThatReplacesLogFlushAddsToTheFlush) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::log_delay, 60s); };
    bool fails = false;
    service().events().replace("log-flush", [&](const Arguments&, Context&) {
        if (fails) throw std::runtime_error("no");
        return Reply{{"also", "mine"}};
    });
    then([this] { service().log().info("the first waits"); });
    ask(R"(["log-flush"])");
    then([&] {
        EXPECT_THAT(log(), HasSubstr("the first waits"));
        fails = true;
        service().log().info("the second waits");
    });
    ask(R"(["log-flush"])");
    then([this] { EXPECT_THAT(log(), HasSubstr("the second waits")); });
    finish();

    EXPECT_EQ(replies.at(0), "{\"also\":\"mine\"}\n");
    EXPECT_EQ(code(replies.at(1)), "event-error");
}

TEST_F(ControlPlaneTest, AnInfoLineOfTheControlThreadWaitsForNoDisk) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::log_delay, 60s); };
    ask(R"(["log-level", {"level": "debug"}])");
    then([this] {
        EXPECT_THAT(log(), Not(HasSubstr("asked for by")));
        service().log().info("of the handlers' thread");
        EXPECT_THAT(log(), ContainsRegex("asked for by.*\n.*of the handlers' thread"));
    });
    finish();
}

TEST_F(ControlPlaneTest, OneFlushServesAllConcurrentRequests) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::log_delay, 60s); };
    then([this] {
        log_prompt_lines();
        service().log().info("waits");
    });
    ask(R"(["log-flush"]["log-flush"]["log-flush"])");
    then([this] { EXPECT_THAT(log(), HasSubstr("waits")); });
    finish();

    EXPECT_EQ(replies.at(0), "{}\n{}\n{}\n");
}

TEST_F(ControlPlaneTest, AHandlerMayFlushTheLog) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::log_delay, 60s); };
    service().events().add({.name = "outer", .handler = [this](const Arguments&, Context&) {
                                log_prompt_lines();
                                service().log().info("waits");
                                EXPECT_THAT(log(), Not(HasSubstr("waits")));
                                Reply reply = service().trigger("log-flush");
                                EXPECT_THAT(log(), HasSubstr("waits"));
                                return reply;
                            }});
    ask(R"(["outer"])");
    finish();

    EXPECT_EQ(replies.at(0), "{}\n");
}

TEST_F(ControlPlaneTest, AFailedLogReopenKeepsTheOldFile) {
    then([this] { host.files.failures.fail_next("open_for_appending", EACCES); });
    ask(R"(["log-reopen"])");
    then([this] {
        service().log().info("still here");
        EXPECT_THAT(log(), HasSubstr("still here"));
    });
    finish();

    EXPECT_EQ(code(replies.at(0)), "event-error");
}

TEST_F(ControlPlaneTest, Usr1ReopensTheLog) {
    then([this] { host.files.move_away(log_file, "/var/log/trial.log.1"); });
    raise(SIGUSR1);
    finish();

    EXPECT_THAT(log(), HasSubstr("log reopened: SIGUSR1"));
}

TEST_F(ControlPlaneTest, TooManyUnknownChannelsAreRefused) {
    ask(R"(["log-level", {"channel": "unknown"}])");
    std::string requests;
    for (std::size_t number = 0; number <= LogRouter::most_foreign_channels; ++number)
        requests += R"(["log-level", {"level": "debug", "channel": "c)" + std::to_string(number) + "\"}]\n";
    ask(requests);
    finish();

    EXPECT_EQ(replies.at(0), "{\"channel\":\"unknown\",\"level\":\"info\"}\n");
    EXPECT_THAT(replies.at(1),
                HasSubstr("{\"channel\":\"c255\",\"level\":\"debug\"}\n{\"error\":{\"code\":\"bad-argument\","));
    EXPECT_THAT(replies.at(1), HasSubstr("as 256 that it has not used so far have a level already"));
}

TEST_F(ControlPlaneTest, ARelativePathOfAClientIsRefused) {
    service().events().add({.name = "read",
                            .parameters = {{.name = "file", .type = ParameterType::path}},
                            .handler = [](const Arguments& arguments, Context&) { return Reply{arguments.values()}; }});
    ask(R"(["read", {"file": "notes"}])");
    ask(R"(["read", {"file": "/notes"}])");
    then([this] { service().post("read", {{"file", "notes"}}); });
    finish();

    EXPECT_THAT(replies.at(0), HasSubstr("\"code\":\"bad-argument\""));
    EXPECT_THAT(replies.at(0), HasSubstr("\"argument\":\"file\",\"expected\":\"an absolute path\""));
    EXPECT_EQ(replies.at(1), "{\"file\":\"/notes\"}\n");
}

TEST_F(ControlPlaneTest, AReloadReportsAppliedSettingsAndThoseForARestart) {
    host.files.add_file("/etc/trial.json", R"({"app": {"greeting": "hello"}})");
    options.config = "/etc/trial.json";
    std::string greeting;
    hooks.on_load = [&](Settings& settings) { greeting = settings.app().get<std::string>("greeting"); };
    then([this] {
        rewrite("/etc/trial.json",
                R"({"log-level": "debug", "pid-file": "/run/b.pid", "app": {"greeting": "good day"}})");
    });
    ask(R"(["reload"])");
    ask(R"(["log-level"])");
    finish();

    EXPECT_EQ(replies.at(0), "{\"applied\":[\"log-level\",\"/app/greeting\"],\"needs-restart\":[\"pid-file\"]}\n");
    EXPECT_EQ(replies.at(1), "{\"level\":\"debug\"}\n");
    EXPECT_EQ(greeting, "good day");
}

TEST_F(ControlPlaneTest, SettingsShowsTheValuesInUse) {
    host.files.add_file("/etc/trial.json",
                        R"({"stop-timeout": 5, "umask": "027", "app": {"port": 1, "password": "x"}})");
    options.config = "/etc/trial.json";
    ask(R"(["settings"])");
    then([this] {
        rewrite("/etc/trial.json", R"({"stop-timeout": 6, "umask": "077", "app": {"port": 2, "greeting": "hello"}})");
    });
    ask(R"(["reload"])");
    ask(R"(["log-level",{"level":"debug"}])");
    ask(R"(["settings"])");
    finish();

    const Object before = object(replies.at(0));
    const Object& rows = before.find("settings")->as_object();
    EXPECT_EQ(rows.size(), setting_names().size());
    EXPECT_EQ(to_json(*rows.find("config")), R"({"value":"/etc/trial.json","origin":"program"})");
    EXPECT_EQ(to_json(*rows.find("run-directory")), R"({"value":"/run","origin":"follows from the others"})");
    EXPECT_EQ(to_json(*rows.find("stop-timeout")), R"({"value":5,"origin":"config-file"})");
    EXPECT_EQ(to_json(*rows.find("control-mode")), R"({"value":"600","origin":"policy"})");
    EXPECT_EQ(to_json(*rows.find("control-read")), R"({"value":["socket-group"],"origin":"policy"})");
    EXPECT_EQ(to_json(*rows.find("log-delay")), R"({"value":0,"origin":"policy"})");
    EXPECT_EQ(to_json(*rows.find("no-log-copy")), R"({"value":false,"origin":"policy"})");
    EXPECT_EQ(to_json(*before.find("app")), R"({"port":1,"password":"***"})");

    const Object after = object(replies.at(3));
    const Object& later = after.find("settings")->as_object();
    EXPECT_EQ(to_json(*later.find("stop-timeout")), R"({"value":6,"origin":"config-file"})");
    EXPECT_EQ(to_json(*later.find("umask")), R"({"value":"027","origin":"config-file"})");
    EXPECT_EQ(to_json(*later.find("log-level")), R"({"value":"debug","origin":"event"})");
    EXPECT_EQ(to_json(*after.find("app")), R"({"port":2,"greeting":"hello"})");
}

TEST_F(ControlPlaneTest, SettingsAreForAdministrators) {
    EXPECT_EQ(service().events().find("settings")->needs, ControlRole::admin);
}

TEST_F(ControlPlaneTest, ABrokenConfigurationKeepsTheRunningOne) {
    host.files.add_file("/etc/trial.json", R"({"log-level": "warning"})");
    options.config = "/etc/trial.json";
    then([this] { rewrite("/etc/trial.json", "{\"log-level\": \"debug\",\n oops}"); });
    ask(R"(["reload"])");
    ask(R"(["log-level"])");
    finish();

    EXPECT_EQ(code(replies.at(0)), "event-error");
    EXPECT_THAT(replies.at(0), HasSubstr("/etc/trial.json"));
    EXPECT_EQ(replies.at(1), "{\"level\":\"warning\"}\n");
}

TEST_F(ControlPlaneTest, AReloadThatThrowsKeepsTheSettings) {
    bool fail = false;
    hooks.on_load = [&](Settings& settings) {
        settings.set(setting::stop_timeout, fail ? 99s : 5s);
        if (fail) throw std::runtime_error("no good");
    };
    then([&] { fail = true; });
    ask(R"(["reload"])");
    then([this] { EXPECT_EQ(service().settings().get(setting::stop_timeout), 5s); });
    finish();

    EXPECT_EQ(code(replies.at(0)), "event-error");
}

TEST_F(ControlPlaneTest, TwoPendingHupsReloadOnce) {
    int loads = 0;
    hooks.on_load = [&](Settings&) { ++loads; };
    then([this] {
        host.signals.raise(SIGHUP);
        host.reactor.run_ready();
        host.signals.raise(SIGHUP);
        host.reactor.run_ready();
    });
    finish();

    EXPECT_EQ(loads, 2);  // the first one is that of the start
}

TEST_F(ControlPlaneTest, ATriggerWithinAHandlerRunsNested) {
    std::vector<std::string> seen;
    add("inner", [&](Context&) {
        seen.emplace_back("inner");
        return Reply{{"n", 1}};
    });
    add("outer", [&](Context&) {
        const Reply inner = service().trigger("inner");
        seen.emplace_back("outer");
        return Reply{{"inner", inner.fields()}};
    });
    ask(R"(["outer"])");
    finish();

    EXPECT_EQ(replies.at(0), "{\"inner\":{\"n\":1}}\n");
    EXPECT_EQ(seen, (std::vector<std::string>{"inner", "outer"}));
}

TEST_F(ControlPlaneTest, AFailedTriggerThrowsTheClientsError) {
    std::string code_seen;
    add("inner", [](Context&) -> Reply { throw std::out_of_range("too far"); });
    add("outer", [&](Context&) {
        try {
            service().trigger("inner");
        } catch (const CallError& error) {
            code_seen = error.code() + " " + error.fields().find("type")->as_string();
        }
        return Reply{};
    });
    ask(R"(["outer"])");
    finish();

    EXPECT_EQ(code_seen, "event-error std::out_of_range");
}

TEST_F(ControlPlaneTest, TriggerIsRefusedBeforeStartAndAfterStop) {
    const auto refused = [this] {
        try {
            service().trigger("status");
        } catch (const CallError& error) {
            return error.code();
        }
        return std::string{"allowed"};
    };
    EXPECT_EQ(refused(), "not-ready");
    finish();
    EXPECT_EQ(refused(), "not-ready");
}

TEST_F(ControlPlaneTest, APostedEventRunsAfterItsPoster) {
    std::vector<std::string> seen;
    add("later", [&](Context&) {
        seen.emplace_back("later");
        return Reply{};
    });
    add("first", [&](Context&) {
        service().post("later");
        seen.emplace_back("first");
        return Reply{};
    });
    ask(R"(["first"])");
    finish();

    EXPECT_EQ(seen, (std::vector<std::string>{"first", "later"}));
}

TEST_F(ControlPlaneTest, AReplacedStatusKeepsItsBuiltInFields) {
    service().events().replace("status", [](const Arguments&, Context&) { return Reply{{"mood", "fine"}}; });
    ask(R"(["status"])");
    finish();

    EXPECT_EQ(object(replies.at(0)).find("mood")->as_string(), "fine");
    EXPECT_EQ(object(replies.at(0)).find("pid")->as_integer(), 4711);
}

TEST_F(ControlPlaneTest, AReplacedStopStillEndsTheService) {
    bool ran = false;
    service().events().replace("stop", [&](const Arguments&, Context&) {
        ran = true;
        return Reply{};
    });
    ask(R"(["stop"])");

    EXPECT_EQ(run(), 0);
    EXPECT_TRUE(ran);
}

TEST_F(ControlPlaneTest, AnEventCanBeReplacedWhileTheServiceRuns) {
    add("answer", [](Context&) { return Reply{{"n", 1}}; });
    ask(R"(["answer"])");
    then([this] { service().events().replace("answer", [](const Arguments&, Context&) { return Reply{{"n", 2}}; }); });
    ask(R"(["answer"])");
    finish();

    EXPECT_EQ(replies, (std::vector<std::string>{"{\"n\":1}\n", "{\"n\":2}\n"}));
}

TEST_F(ControlPlaneTest, ModifyingEventsAreLoggedWithTheirClientWithoutSecrets) {
    service().events().add({.name = "login",
                            .parameters = {{.name = "password", .secret = true}},
                            .handler = [](const Arguments&, Context&) { return Reply{}; }});
    peer = {.pid = 777, .uid = 0, .gid = 0};
    ask(R"(["login", {"password": "hunter2"}])");
    finish();

    EXPECT_THAT(log(), HasSubstr("event 'login'"));
    EXPECT_THAT(log(), HasSubstr("uid 0, pid 777"));
    EXPECT_THAT(log(), Not(HasSubstr("hunter2")));
}

TEST_F(ControlPlaneTest, AnIdleServiceArmsNoTimer) {
    then([this] { EXPECT_EQ(host.reactor.describe().find("timer"), std::string::npos) << host.reactor.describe(); });
    finish();
}

}  // namespace
}  // namespace servicekit
